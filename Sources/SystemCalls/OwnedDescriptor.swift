/// Defines `OwnedDescriptor`, a file descriptor that is closed exactly once, when its owner goes out of scope.

public import CLinux

/// An open file descriptor with one owner.
public struct OwnedDescriptor: ~Copyable, Sendable {
  /// The descriptor's number, at least 0. Valid as long as this value lives.
  public let number: Int32

  /// Takes ownership of an open descriptor.
  public init(adopting number: Int32) { self.number = number }

  deinit { _ = CLinux.close(number) }

  /// Gives the number up to the caller, who must close it.
  public consuming func release() -> Int32 {
    let number = self.number
    discard self
    return number
  }

  /// open(2), close-on-exec always.
  public static func open(
    _ path: String, _ flags: Int32, mode: mode_t = 0o600
  ) throws(Errno) -> OwnedDescriptor {
    OwnedDescriptor(
      adopting: try systemCall {
        unsafe path.withCString { unsafe crtop_openat(AT_FDCWD, $0, flags | O_CLOEXEC, mode) }
      })
  }

  /// dup(2) with close-on-exec, at the lowest free number not below `minimum`.
  public static func duplicating(_ number: Int32, atLeast minimum: Int32 = 0) throws(Errno) -> OwnedDescriptor {
    OwnedDescriptor(adopting: try systemCall { crtop_fcntl(number, F_DUPFD_CLOEXEC, Int(minimum)) })
  }

  /// close(2), reporting its error: after a write this is where a full disk may show.
  public consuming func close() throws(Errno) {
    let number = release()
    _ = try systemCall(retry: false) { CLinux.close(number) }
  }
}
