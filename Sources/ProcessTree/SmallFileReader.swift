/// Defines `SmallFileReader`, which reads a small file of /proc with one system call where it is held open.

internal import Glibc
internal import SystemCalls

/// One buffer for all reads. The bytes are valid until the next read.
struct SmallFileReader: ~Copyable {
  private(set) var bytes: [UInt8]
  private(set) var count = 0

  /// - Parameter capacity: longer files are cut off there.
  init(capacity: Int) { bytes = [UInt8](repeating: 0, count: capacity) }

  /// One pread(2) from the start: the kernel gives a file of /proc that fits the buffer whole.
  mutating func read(_ descriptor: Int32) throws(Errno) {
    count = 0
    count = try systemCall {
      unsafe bytes.withUnsafeMutableBytes { unsafe pread(descriptor, $0.baseAddress, $0.count, 0) }
    }
  }

  /// open(2), pread(2), close(2).
  mutating func read(_ path: String) throws(Errno) {
    count = 0
    // A name of its own: a temporary would be closed before it is read.
    let file = try OwnedDescriptor.open(path, O_RDONLY)
    try read(file.number)
  }

  /// A scanner over what was read last; drop it before the next read, or that read copies the buffer.
  var scanner: ByteScanner { ByteScanner(bytes, count: count) }
}
