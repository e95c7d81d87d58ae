/// Defines `PidDirectory`, which lists the numbers in /proc without making strings.

internal import Glibc
internal import SystemCalls

/// A directory stream on /proc or `/proc/PID/task`, read again for each snapshot. Safe: the stream has one owner and
/// never leaves it.
@safe struct PidDirectory: ~Copyable {
  private let stream: OpaquePointer

  init(_ path: String) throws(Errno) {
    guard let stream = unsafe opendir(path) else { throw currentErrno() }
    unsafe self.stream = stream
  }

  deinit { unsafe _ = closedir(stream) }

  /// All entries that are numbers, in the kernel's order: ascending.
  func numbers() -> [Int32] {
    unsafe rewinddir(stream)
    var found: [Int32] = []
    while let entry = unsafe readdir(stream) {
      let number = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { name -> Int32? in
        var value: Int32 = 0
        for index in name.indices {
          let byte = unsafe name[index]
          if byte == 0 { return value }
          guard UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte else { return nil }
          let (product, overflow) = value.multipliedReportingOverflow(by: 10)
          let (sum, carry) = product.addingReportingOverflow(Int32(byte - UInt8(ascii: "0")))
          guard !overflow, !carry else { return nil }
          value = sum
        }
        return nil
      }
      if let number, number > 0 { found.append(number) }
    }
    return found
  }
}
