/// Reads whole files of /proc and /sys into a buffer that is used again and again.

internal import CLinux

/// A growing byte buffer for the contents of small kernel files.
public struct ProcFileReader: ~Copyable {
  private var buffer: [UInt8]

  /// - Parameter capacity: bytes kept ready; a longer file grows it.
  public init(capacity: Int = 16384) { buffer = [UInt8](repeating: 0, count: max(capacity, 256)) }

  /// Reads the whole file. The scanner shares the buffer: drop it before the next read, or that read copies.
  public mutating func read(_ path: String) throws(Errno) -> ByteScanner {
    // Not in one expression: a temporary is closed as soon as its number has been taken.
    let file = try OwnedDescriptor.open(path, O_RDONLY)
    return try read(file.number)
  }

  /// Reads a whole file that is open, from its start.
  public mutating func read(_ descriptor: Int32) throws(Errno) -> ByteScanner {
    var length = 0
    while true {
      if length == buffer.count { buffer.append(contentsOf: repeatElement(0, count: buffer.count)) }
      let got = try systemCall {
        unsafe buffer.withUnsafeMutableBytes { bytes in
          unsafe pread(descriptor, bytes.baseAddress?.advanced(by: length), bytes.count - length, off_t(length))
        }
      }
      if got == 0 { return ByteScanner(buffer, count: length) }
      length += got
    }
  }
}

/// Reads a whole small file as text; ill-formed UTF-8 is repaired.
public func readText(_ path: String) throws(Errno) -> String {
  var reader = ProcFileReader()
  return try reader.read(path).wholeText
}

/// Writes a small kernel file, in one write(2).
public func writeText(_ text: String, to path: String) throws(Errno) {
  let file = try OwnedDescriptor.open(path, O_WRONLY)
  let bytes = Array(text.utf8)
  _ = try systemCall { unsafe bytes.withUnsafeBytes { unsafe write(file.number, $0.baseAddress, $0.count) } }
}

/// readlink(2), up to 4096 bytes.
public func readLink(_ path: String) throws(Errno) -> String {
  let length = 4096
  var buffer = [UInt8](repeating: 0, count: length)
  let got = try systemCall {
    unsafe buffer.withUnsafeMutableBufferPointer { bytes in
      unsafe path.withCString { name in
        unsafe bytes.withMemoryRebound(to: CChar.self) { target in
          guard let start = target.baseAddress else { return -1 }
          return unsafe readlink(name, start, length)
        }
      }
    }
  }
  return String(decoding: buffer.prefix(got), as: UTF8.self)
}

/// The names in a directory, without `.` and `..`, in the kernel's order.
public func directoryEntries(_ path: String) throws(Errno) -> [String] {
  guard let stream = unsafe opendir(path) else { throw currentErrno() }
  defer { unsafe _ = closedir(stream) }
  var names: [String] = []
  while let entry = unsafe readdir(stream) {
    let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { raw in
      unsafe String(decoding: raw.prefix { $0 != 0 }, as: UTF8.self)
    }
    if name != "." && name != ".." { names.append(name) }
  }
  return names
}
