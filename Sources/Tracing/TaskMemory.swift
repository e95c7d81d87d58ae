/// Defines `TaskMemory`, access to another task's memory.

internal import CLinux
public import SystemCalls

/// The memory of a task, by process_vm_readv(2), and by /proc/PID/mem where pages are not accessible to the task itself.
public struct TaskMemory: ~Copyable {
  /// The task whose memory this is.
  public let tid: Int32
  private let file: OwnedDescriptor

  /// Opens the memory of a thread's address space.
  ///
  /// - Throws: EACCES or EPERM without the right to trace the task, ENOENT when it is gone.
  public init(of tid: Int32) throws(Errno) {
    self.tid = tid
    file = try OwnedDescriptor.open("/proc/\(tid)/mem", O_RDWR)
  }

  /// Reads `buffer.count` bytes at `address` through process_vm_readv(2); EFAULT where the task could not read them.
  public func read(_ address: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws(Errno) {
    try unsafe Self.read(of: tid, [(address, buffer.count)], into: buffer)
  }

  /// Reads several ranges end to end in one call.
  public static func read(
    of tid: Int32, _ parts: [(address: UInt64, length: Int)], into buffer: UnsafeMutableRawBufferPointer
  ) throws(Errno) {
    var local = unsafe iovec(iov_base: buffer.baseAddress, iov_len: buffer.count)
    let remote = unsafe parts.map { unsafe iovec($0.address, $0.length) }
    let got = try systemCall {
      unsafe remote.withUnsafeBufferPointer { remote in
        unsafe process_vm_readv(tid, &local, 1, remote.baseAddress, UInt(remote.count), 0)
      }
    }
    guard got == buffer.count else { throw .badAddress }
  }

  /// Writes through process_vm_writev(2); EFAULT where the task itself could not write.
  public func write(_ buffer: UnsafeRawBufferPointer, to address: UInt64) throws(Errno) {
    try unsafe Self.write([(address, buffer)], of: tid)
  }

  /// Writes several ranges in one call.
  public static func write(
    _ parts: [(address: UInt64, bytes: UnsafeRawBufferPointer)], of tid: Int32
  ) throws(Errno) {
    var length = 0
    var local: [iovec] = unsafe []
    var remote: [iovec] = unsafe []
    unsafe parts.forEach { part in
      length += unsafe part.bytes.count
      unsafe local.append(
        iovec(iov_base: UnsafeMutableRawPointer(mutating: part.bytes.baseAddress), iov_len: part.bytes.count))
      unsafe remote.append(iovec(part.address, part.bytes.count))
    }
    let written = try systemCall {
      unsafe local.withUnsafeBufferPointer { local in
        unsafe remote.withUnsafeBufferPointer { remote in
          unsafe process_vm_writev(
            tid, local.baseAddress, UInt(local.count), remote.baseAddress, UInt(remote.count), 0)
        }
      }
    }
    guard written == length else { throw .badAddress }
  }

  /// Reads whatever the protection of the pages (FOLL_FORCE).
  public func readForced(_ address: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws(Errno) {
    var done = 0
    while done < buffer.count {
      let got = try systemCall {
        unsafe pread(
          file.number, buffer.baseAddress?.advanced(by: done), buffer.count - done,
          off_t(Int64(bitPattern: address)) + off_t(done))
      }
      if got == 0 { throw .badAddress }
      done += got
    }
  }

  /// Reads several ranges end to end, whatever their protection.
  public func readForced(
    _ parts: [(address: UInt64, length: Int)], into buffer: UnsafeMutableRawBufferPointer
  ) throws(Errno) {
    var done = 0
    for part in parts {
      unsafe try readForced(
        part.address, into: UnsafeMutableRawBufferPointer(rebasing: buffer[done..<done + part.length]))
      done += part.length
    }
  }

  /// Writes whatever the protection of the pages; a private mapping gets its own copy of the page.
  public func writeForced(_ buffer: UnsafeRawBufferPointer, to address: UInt64) throws(Errno) {
    var done = 0
    while done < buffer.count {
      let got = try systemCall {
        unsafe pwrite(
          file.number, buffer.baseAddress?.advanced(by: done), buffer.count - done,
          off_t(Int64(bitPattern: address)) + off_t(done))
      }
      if got == 0 { throw .badAddress }
      done += got
    }
  }

  /// Bytes at `address`, whatever their protection.
  public func bytes(at address: UInt64, count: Int) throws(Errno) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    try unsafe bytes.withMutableBytes { buffer throws(Errno) in
      try unsafe readForced(address, into: buffer)
    }
    return bytes
  }

  /// Writes bytes at `address`, whatever their protection.
  public func write(bytes: [UInt8], to address: UInt64) throws(Errno) {
    try unsafe bytes.withBytes { buffer throws(Errno) in try unsafe writeForced(buffer, to: address) }
  }
}

extension iovec {
  /// A range of another task's memory.
  @unsafe fileprivate init(_ address: UInt64, _ length: Int) {
    unsafe self.init(iov_base: UnsafeMutableRawPointer(bitPattern: UInt(address)), iov_len: length)
  }
}
