/// Defines `PipeEnds`, a pipe.

internal import CLinux
internal import Glibc

/// Both ends of a new pipe, close-on-exec.
@frozen public struct PipeEnds: ~Copyable {
  public let reader: OwnedDescriptor
  public let writer: OwnedDescriptor

  /// Makes one.
  public init() throws(Errno) {
    var ends: (Int32, Int32) = (-1, -1)
    _ = try systemCall {
      unsafe withUnsafeMutablePointer(to: &ends) { pointer in
        unsafe pointer.withMemoryRebound(to: Int32.self, capacity: 2) { unsafe pipe2($0, O_CLOEXEC) }
      }
    }
    reader = OwnedDescriptor(adopting: ends.0)
    writer = OwnedDescriptor(adopting: ends.1)
  }

  /// Gives up all but the end to read from; the other is closed.
  public consuming func keepReader() -> OwnedDescriptor { reader }
}
