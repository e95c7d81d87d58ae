/// The one gate through which every system call passes: saves errno at once, repeats after EINTR where that is right.

internal import CLinux
internal import Glibc

/// The calling thread's errno, read right after a call that failed.
@inline(__always)
package func currentErrno() -> Errno { Errno(rawValue: Glibc.errno) }

/// Runs a call that returns -1 on failure; repeats it after EINTR unless told otherwise.
///
/// - Parameter retry: `false` for calls that must not be repeated (close(2)) or that the caller wants interrupted.
@inline(__always)
public func systemCall<Result: FixedWidthInteger & SignedInteger>(
  retry: Bool = true, _ body: () -> Result
) throws(Errno) -> Result {
  while true {
    let result = body()
    if result != -1 { return result }
    let error = currentErrno()
    if error == .interrupted && retry { continue }
    throw error
  }
}

/// Runs a call without a C library wrapper by its number.
@discardableResult
public func rawSystemCall(
  _ number: Int, _ a: Int = 0, _ b: Int = 0, _ c: Int = 0, _ d: Int = 0, _ e: Int = 0, _ f: Int = 0
) throws(Errno) -> Int {
  try systemCall { crtop_syscall(number, a, b, c, d, e, f) }
}

extension Array where Element == UInt8 {
  /// Like `withUnsafeMutableBytes`, for a body with a typed error.
  package mutating func withMutableBytes<Result>(
    _ body: (UnsafeMutableRawBufferPointer) throws(Errno) -> Result
  ) throws(Errno) -> Result {
    let result: Swift.Result<Result, Errno> = unsafe withUnsafeMutableBytes { bytes in
      do throws(Errno) { return .success(unsafe try body(bytes)) } catch { return .failure(error) }
    }
    return try result.get()
  }

  /// Like `withUnsafeBytes`, for a body with a typed error.
  package func withBytes<Result>(
    _ body: (UnsafeRawBufferPointer) throws(Errno) -> Result
  ) throws(Errno) -> Result {
    let result: Swift.Result<Result, Errno> = unsafe withUnsafeBytes { bytes in
      do throws(Errno) { return .success(unsafe try body(bytes)) } catch { return .failure(error) }
    }
    return try result.get()
  }
}

extension Errno {
  /// Gives this error its context.
  public func problem(
    task: TaskName? = nil, _ what: String, why: String? = nil, remedy: String = ""
  ) -> Problem {
    Problem(task: task, errno: self, what: what, why: why ?? description, remedy: remedy)
  }
}
