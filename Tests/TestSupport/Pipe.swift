/// Defines `Pipe`, a pipe whose ends the test holds.

internal import CLinux
internal import Glibc
package import SystemCalls

/// Both ends are closed when the value goes.
package struct Pipe: ~Copyable {
  package let readEnd: OwnedDescriptor
  package let writeEnd: OwnedDescriptor

  package init() throws(Errno) {
    let ends = try Self.make()
    readEnd = OwnedDescriptor(adopting: ends.read)
    writeEnd = OwnedDescriptor(adopting: ends.write)
  }

  private static func make() throws(Errno) -> (read: Int32, write: Int32) {
    var ends: [Int32] = [-1, -1]
    _ = try systemCall {
      unsafe ends.withUnsafeMutableBufferPointer { buffer -> Int32 in
        guard let start = buffer.baseAddress else { return -1 }
        return unsafe pipe(start)
      }
    }
    for end in ends { _ = try systemCall { crtop_fcntl(end, F_SETFD, Int(FD_CLOEXEC)) } }
    return (ends[0], ends[1])
  }
}
