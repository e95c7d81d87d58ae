/// Only regular files that nobody else can have altered are taken for images.

import CLinux
import CheckpointImage
import Glibc
import SystemCalls
import Testing

@Suite struct OpeningTests {
  private func refusal(_ path: String) -> Problem? {
    do throws(Problem) {
      _ = try ImageReader(path: path)
      return nil
    } catch {
      return error
    }
  }

  @Test func kindsOfFiles() throws {
    let scratch = try Scratch()
    #expect(refusal(scratch.file("missing"))?.errno == .noSuchFileOrDirectory)
    #expect(refusal(scratch.path)?.errno == .isDirectory)
    // Not one of these may block or have an effect.
    let fifo = scratch.file("fifo")
    _ = try systemCall { unsafe mkfifo(fifo, 0o600) }
    #expect(refusal(fifo)?.why == "it is a FIFO")
    #expect(refusal("/dev/zero")?.why == "it is a character device")
    #expect(refusal(scratch.file("missing/image"))?.errno == .noSuchFileOrDirectory)
    let socketPath = scratch.file("socket")
    try makeSocket(socketPath)
    #expect(refusal(socketPath)?.why == "it is a socket")
  }

  @Test func contents() throws {
    let scratch = try Scratch()
    let path = scratch.file("image")
    for (bytes, errno, text) in [
      ([], .noData, "empty"), (Array("#!/bin/sh\n".utf8), .invalidArgument, "does not begin"),
      (Array("C".utf8), .invalidArgument, "does not begin"), ([0x89], .badMessage, "ends at offset 1"),
      ([0x89] + Array("CRTOP\n".utf8), .invalidArgument, "does not begin"),
    ] as [([UInt8], Errno, String)] {
      try writeFile(path, bytes)
      let found = try #require(refusal(path))
      #expect(found.errno == errno && found.why.contains(text), "\(found)")
      #expect(found.what.hasPrefix(path))
    }
  }

  @Test func links() throws {
    let scratch = try Scratch()
    try writeFile(scratch.file("image"), try sampleImage())
    _ = try systemCall { unsafe symlink("image", scratch.file("link")) }
    #expect(refusal(scratch.file("link")) == nil)
    _ = try systemCall { unsafe symlink("loop", scratch.file("loop")) }
    #expect(refusal(scratch.file("loop"))?.errno == .tooManySymbolicLinkLevels)
  }

  @Test(arguments: [0o620, 0o602, 0o666] as [mode_t]) func writableByOthers(_ mode: mode_t) throws {
    let scratch = try Scratch()
    let path = scratch.file("image")
    try writeFile(path, try sampleImage(), mode: mode)
    #expect(refusal(path)?.why.contains("mode is \(String(mode, radix: 8))") == true)
    _ = try systemCall { unsafe chmod(path, 0o644) }
    #expect(refusal(path) == nil)
  }

  @Test(.enabled(if: geteuid() == 0, "needs root")) func anotherOwner() throws {
    let scratch = try Scratch()
    let path = scratch.file("image")
    try writeFile(path, try sampleImage())
    _ = try systemCall { unsafe chown(path, 4711, 4711) }
    #expect(refusal(path)?.why.contains("user 4711") == true)
    _ = try systemCall { unsafe chown(path, 0, 4711) }
    #expect(refusal(path) == nil)
  }

  @Test(.enabled(if: geteuid() != 0, "root may read everything")) func unreadable() throws {
    let scratch = try Scratch()
    let path = scratch.file("image")
    try writeFile(path, try sampleImage(), mode: 0)
    #expect(refusal(path)?.errno == .permissionDenied)
  }

  @Test func aDescriptorMustBeARegularFile() throws {
    let ends = try makePipe()
    defer { close(ends[1]) }
    do throws(Problem) {
      _ = try ImageReader(descriptor: OwnedDescriptor(adopting: ends[0]), name: "pipe")
      Issue.record("not refused")
    } catch {
      #expect(error.why == "it is a FIFO")
    }
  }

  private func makeSocket(_ path: String) throws {
    let number = try systemCall { socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0) }
    defer { close(number) }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let capacity = MemoryLayout.size(ofValue: address.sun_path)
    try #require(path.utf8.count < capacity)
    unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path.utf8) }
    _ = try systemCall {
      unsafe withUnsafePointer(to: &address) { pointer in
        unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          unsafe bind(number, __CONST_SOCKADDR_ARG(__sockaddr__: $0), socklen_t(MemoryLayout<sockaddr_un>.size))
        }
      }
    }
  }
}
