/// Defines `FileIdentity`, by which a file with the content that it had is known again.

internal import CLinux
internal import Glibc
public import SystemCalls

/// A file that is replaced or written to gets another identity, as far as its modification time is not set back.
public struct FileIdentity: Sendable, Hashable {
  public var device: UInt64
  public var inode: UInt64
  /// In bytes.
  public var size: Int64
  /// Nanoseconds since 1970.
  public var modified: Int64

  /// Makes an identity from its parts.
  public init(device: UInt64, inode: UInt64, size: Int64, modified: Int64) {
    (self.device, self.inode, self.size, self.modified) = (device, inode, size, modified)
  }

  /// Of the file that a path leads to.
  public init(path: String) throws(Errno) {
    var status = stat()
    _ = try systemCall { unsafe stat(path, &status) }
    self.init(status)
  }

  init(_ status: stat) {
    self.init(
      device: UInt64(status.st_dev), inode: UInt64(status.st_ino), size: Int64(status.st_size),
      modified: Int64(status.st_mtim.tv_sec) &* 1_000_000_000 &+ Int64(status.st_mtim.tv_nsec))
  }
}
