/// Defines `ImageOutput`, buffered writing in sequence to a file or pipe.

internal import CLinux
internal import SystemCalls

/// Collects small writes; large ones go straight from the caller's memory to the kernel.
struct ImageOutput: ~Copyable {
  private static let capacity = 1 << 20

  private let descriptor: Int32
  private let name: String
  private var buffer = RawBuffer()
  private var used = 0
  /// Bytes given to it, written or not.
  private(set) var offset: UInt64 = 0

  /// - Parameter name: for messages.
  init(descriptor: Int32, name: String) throws(Problem) {
    self.descriptor = descriptor
    self.name = name
    guard buffer.reserve(Self.capacity) else {
      throw Errno.noMemory.problem("writing \(name)", remedy: "free some memory")
    }
  }

  /// Appends `count` bytes, at most 4096, that `fill` stores.
  mutating func append<R>(_ count: Int, _ fill: (UnsafeMutableRawBufferPointer) -> R) throws(Problem) -> R {
    if used + count > Self.capacity { try flush() }
    let result = unsafe fill(UnsafeMutableRawBufferPointer(rebasing: buffer.bytes[used..<used + count]))
    used += count
    offset += UInt64(count)
    return result
  }

  /// Appends bytes; those that do not fit the buffer are not copied.
  mutating func append(_ bytes: UnsafeRawBufferPointer) throws(Problem) {
    offset += UInt64(bytes.count)
    if bytes.count <= Self.capacity - used {
      unsafe UnsafeMutableRawBufferPointer(rebasing: buffer.bytes[used...]).copyMemory(from: bytes)
      used += bytes.count
    } else {
      unsafe try transfer(UnsafeRawBufferPointer(rebasing: buffer.bytes[..<used]), bytes)
      used = 0
    }
  }

  /// Writes what has been collected.
  mutating func flush() throws(Problem) {
    unsafe try transfer(
      UnsafeRawBufferPointer(rebasing: buffer.bytes[..<used]), UnsafeRawBufferPointer(start: nil, count: 0))
    used = 0
  }

  /// Writes both parts completely, or throws.
  private func transfer(_ first: UnsafeRawBufferPointer, _ second: UnsafeRawBufferPointer) throws(Problem) {
    var done = 0
    do throws(Errno) {
      while done < first.count + second.count {
        done += unsafe try writeSome(
          UnsafeRawBufferPointer(rebasing: first[min(done, first.count)...]),
          UnsafeRawBufferPointer(rebasing: second[max(done - first.count, 0)...]))
      }
    } catch {
      throw writeProblem(error, name)
    }
  }

  private func writeSome(_ first: UnsafeRawBufferPointer, _ second: UnsafeRawBufferPointer) throws(Errno) -> Int {
    try withoutWriteSignals { () throws(Errno) -> Int in
      try systemCall {
        unsafe withUnsafeTemporaryAllocation(of: iovec.self, capacity: 2) { parts in
          unsafe parts.initializeElement(
            at: 0, to: iovec(iov_base: UnsafeMutableRawPointer(mutating: first.baseAddress), iov_len: first.count))
          unsafe parts.initializeElement(
            at: 1, to: iovec(iov_base: UnsafeMutableRawPointer(mutating: second.baseAddress), iov_len: second.count))
          return unsafe writev(descriptor, parts.baseAddress, 2)
        }
      }
    }
  }
}

/// Gives an error of writing an image its words.
func writeProblem(_ errno: Errno, _ name: String) -> Problem {
  let what = "writing \(name)"
  return switch errno {
  case .noSpace:
    errno.problem(what, remedy: "free some space, choose another file system with -o, or compress with --compress")
  case .diskQuotaExceeded: errno.problem(what, remedy: "free some of your quota, or choose another place with -o")
  case .fileTooLarge:
    errno.problem(what, remedy: "raise the limit on file size (ulimit -f), or choose another file system with -o")
  case .ioError: errno.problem(what, remedy: "look at the kernel log for faults of the disk; choose another with -o")
  case .brokenPipe: errno.problem(what, why: "the reader of the pipe has gone", remedy: "see what the reader says")
  default: errno.problem(what)
  }
}
