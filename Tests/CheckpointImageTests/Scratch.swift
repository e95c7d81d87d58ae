/// Defines `Scratch`, a directory that is removed with everything in it, and small file calls for tests.

import CLinux
import Glibc
import SystemCalls
import TestSupport

/// A directory of its own for one test.
final class Scratch {
  let path: String

  init() throws { path = try makeTemporaryDirectory() }

  deinit { removeTree(path) }

  func file(_ name: String) -> String { "\(path)/\(name)" }

  /// What is in the directory, hidden files too.
  var names: [String] { ((try? directoryEntries(path)) ?? []).sorted() }
}

func environment(_ name: String) -> String? {
  guard let value = unsafe getenv(name) else { return nil }
  return unsafe String(cString: value)
}

func writeFile(_ path: String, _ bytes: [UInt8], mode: mode_t = 0o600) throws {
  let file = try OwnedDescriptor.open(path, O_CREAT | O_TRUNC | O_WRONLY, mode: mode)
  try writeAll(file.number, bytes)
  _ = try systemCall { fchmod(file.number, mode) }
}

func writeAll(_ descriptor: Int32, _ bytes: [UInt8]) throws {
  var done = 0
  while done < bytes.count {
    done += try systemCall {
      unsafe bytes.withUnsafeBytes { unsafe write(descriptor, $0.baseAddress?.advanced(by: done), bytes.count - done) }
    }
  }
}

func readFile(_ path: String) throws -> [UInt8] {
  let file = try OwnedDescriptor.open(path, O_RDONLY)
  return try readAll(file.number)
}

func readAll(_ descriptor: Int32) throws -> [UInt8] {
  var bytes: [UInt8] = []
  var piece = [UInt8](repeating: 0, count: 65536)
  while true {
    let got = try systemCall {
      unsafe piece.withUnsafeMutableBytes { unsafe read(descriptor, $0.baseAddress, $0.count) }
    }
    if got == 0 { return bytes }
    bytes += piece[..<got]
  }
}

/// A file in memory with this content.
func memoryFile(_ bytes: [UInt8]) throws -> OwnedDescriptor {
  let memfdCreate = 319
  let number = try unsafe "image".withCString { name in
    try rawSystemCall(memfdCreate, Int(bitPattern: name), 1)
  }
  let file = OwnedDescriptor(adopting: Int32(number))
  try writeAll(file.number, bytes)
  return file
}

/// Both ends of a pipe, the one to read from first.
func makePipe() throws -> [Int32] {
  var ends: [Int32] = [0, 0]
  _ = try systemCall { unsafe ends.withUnsafeMutableBufferPointer { unsafe pipe($0.baseAddress) } }
  return ends
}

/// Byte loops are slow in debug builds.
func same(_ bytes: UnsafeRawBufferPointer, _ others: [UInt8]) -> Bool {
  guard bytes.count == others.count else { return false }
  return unsafe others.withUnsafeBytes { other in
    guard let one = bytes.baseAddress, let other = other.baseAddress else { return true }
    return unsafe memcmp(one, other, bytes.count) == 0
  }
}
