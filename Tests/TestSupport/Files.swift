/// Small file operations of the tests.

package import CLinux
internal import Glibc
internal import SystemCalls

/// Whether the path leads to something.
package func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }

/// Removes a file, if there is one.
package func removeFile(_ path: String) { unsafe _ = unlink(path) }

/// rename(2).
package func renameFile(_ old: String, _ new: String) throws { _ = try systemCall { unsafe rename(old, new) } }

/// Makes a directory that every user can use.
package func makeDirectory(_ path: String) throws {
  _ = try systemCall { unsafe mkdir(path, 0o755) }
  _ = try systemCall { unsafe chmod(path, 0o777) }
}

/// A new directory of mode 0700, in `parent`, `$TMPDIR` or `/tmp`; its path without symbolic links.
package func makeTemporaryDirectory(in parent: String? = nil) throws -> String {
  let base = unsafe parent ?? getenv("TMPDIR").map { unsafe String(cString: $0) } ?? "/tmp"
  // mkdtemp(3) puts something else in the place of the last six letters.
  var template = Array("\(base)/crtop-test-\(String(repeating: "X", count: 6))".utf8CString)
  let made = unsafe template.withUnsafeMutableBufferPointer { buffer -> String? in
    guard let start = buffer.baseAddress, let name = unsafe mkdtemp(start), let real = unsafe realpath(name, nil)
    else { return nil }
    defer { unsafe free(real) }
    return unsafe String(cString: real)
  }
  guard let made else { throw TestFailure("no directory can be made in \(base): \(currentErrno())") }
  return made
}

/// rm -r, as far as it goes.
package func removeTree(_ path: String) {
  for name in (try? directoryEntries(path)) ?? [] {
    let inner = "\(path)/\(name)"
    if unsafe unlink(inner) != 0 { removeTree(inner) }
  }
  unsafe _ = rmdir(path)
}

/// All bytes of a file.
package func readBytes(_ path: String) throws -> [UInt8] {
  let file = try OwnedDescriptor.open(path, O_RDONLY)
  var bytes: [UInt8] = []
  var block = [UInt8](repeating: 0, count: 1 << 18)
  while true {
    let got = try systemCall {
      unsafe block.withUnsafeMutableBytes { unsafe read(file.number, $0.baseAddress, $0.count) }
    }
    if got == 0 { return bytes }
    bytes.append(contentsOf: block.prefix(got))
  }
}

/// Makes or replaces a file.
package func writeFile(_ path: String, _ bytes: [UInt8], mode: mode_t = 0o644) throws {
  let file = try OwnedDescriptor.open(path, O_WRONLY | O_CREAT | O_TRUNC, mode: mode)
  var written = 0
  while written < bytes.count {
    written += try systemCall {
      unsafe bytes.withUnsafeBytes {
        unsafe write(file.number, $0.baseAddress?.advanced(by: written), $0.count - written)
      }
    }
  }
}

/// Makes or replaces a file with text.
package func writeFile(_ path: String, _ text: String, mode: mode_t = 0o644) throws {
  try writeFile(path, Array(text.utf8), mode: mode)
}

/// The bytes of a file.
package func fileSize(_ path: String) throws -> Int {
  var status = stat()
  _ = try systemCall { unsafe stat(path, &status) }
  return Int(status.st_size)
}

/// The permission bits of a file.
package func fileMode(_ path: String) throws -> mode_t {
  var status = stat()
  _ = try systemCall { unsafe stat(path, &status) }
  return status.st_mode & 0o777
}

/// chmod(2).
package func changeMode(_ path: String, _ mode: mode_t) throws { _ = try systemCall { unsafe chmod(path, mode) } }

/// Copies a file's bytes and mode.
package func copyFile(_ source: String, _ target: String) throws {
  try writeFile(target, try readBytes(source), mode: try fileMode(source))
}

/// The first of the named programs that is in the usual places.
package func findProgram(_ names: String...) -> String? {
  for name in names {
    for directory in ["/usr/bin", "/bin", "/usr/local/bin"] where unsafe access("\(directory)/\(name)", X_OK) == 0 {
      return "\(directory)/\(name)"
    }
  }
  return nil
}
