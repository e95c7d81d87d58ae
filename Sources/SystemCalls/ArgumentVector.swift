/// Defines how a list of words becomes the argument vector of execve(2).

internal import CLinux
internal import Glibc

extension Array where Element == String {
  /// Calls `body` with the words as C strings, a null pointer behind the last; they are gone when it returns.
  public func withArgumentVector<Result>(
    _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) throws(Errno) -> Result
  ) throws(Errno) -> Result {
    var words: [UnsafeMutablePointer<CChar>?] = unsafe map { unsafe strdup($0) } + [nil]
    defer { for index in unsafe words.indices { unsafe free(words[index]) } }
    let result: Swift.Result<Result, Errno> = unsafe words.withUnsafeMutableBufferPointer { buffer in
      guard let start = buffer.baseAddress else { return .failure(.invalidArgument) }
      do throws(Errno) { return .success(unsafe try body(start)) } catch { return .failure(error) }
    }
    return try result.get()
  }
}
