/// What ptrace reads and writes of a stopped thread: signal mask, pending signals, extended state, rseq, robust list.

public import CLinux
public import SystemCalls

extension TracedThread {
  /// The blocked signals, one bit each, signal 1 the lowest (PTRACE_GETSIGMASK).
  public func signalMask() throws(Errno) -> UInt64 {
    var mask: UInt64 = 0
    try unsafe withUnsafeMutablePointer(to: &mask) { pointer throws(Errno) in
      _ = try request(PTRACE_GETSIGMASK, 8, Int(bitPattern: pointer))
    }
    return mask
  }

  /// Replaces the blocked signals; the kernel never blocks SIGKILL and SIGSTOP.
  public func setSignalMask(_ mask: UInt64) throws(Errno) {
    var mask = mask
    try unsafe withUnsafeMutablePointer(to: &mask) { pointer throws(Errno) in
      _ = try request(PTRACE_SETSIGMASK, 8, Int(bitPattern: pointer))
    }
  }

  /// The pending signals in order, each a siginfo_t of 128 bytes (PTRACE_PEEKSIGINFO).
  ///
  /// - Parameter shared: those of the whole group instead of this thread's own.
  public func pendingSignals(shared: Bool) throws(Errno) -> [[UInt8]] {
    let size = 128
    let atOnce = 32
    var all: [[UInt8]] = []
    while true {
      var arguments = __ptrace_peeksiginfo_args(off: UInt(all.count), flags: shared ? 1 : 0, nr: Int32(atOnce))
      var buffer = [UInt8](repeating: 0, count: size * atOnce)
      let got = try unsafe withUnsafeMutablePointer(to: &arguments) { pointer throws(Errno) in
        try unsafe buffer.withMutableBytes { bytes throws(Errno) in
          try request(PTRACE_PEEKSIGINFO, Int(bitPattern: pointer), Int(bitPattern: bytes.baseAddress))
        }
      }
      for index in 0..<got { all.append(Array(buffer[index * size..<(index + 1) * size])) }
      if got < atOnce { return all }
    }
  }

  /// The rseq(2) registration: address, length, signature, flags; `nil` where there is none.
  public func restartableSequence() throws(Errno) -> __ptrace_rseq_configuration? {
    var configuration = __ptrace_rseq_configuration()
    let size = MemoryLayout<__ptrace_rseq_configuration>.size
    try unsafe withUnsafeMutablePointer(to: &configuration) { pointer throws(Errno) in
      _ = try request(PTRACE_GET_RSEQ_CONFIGURATION, size, Int(bitPattern: pointer))
    }
    return configuration.rseq_abi_pointer == 0 ? nil : configuration
  }

  /// get_robust_list(2): address and length of the list's head.
  public func robustList() throws(Errno) -> (address: UInt64, length: UInt64) {
    var address: UInt64 = 0
    var length: UInt64 = 0
    _ = try unsafe withUnsafeMutablePointer(to: &address) { first throws(Errno) in
      try unsafe withUnsafeMutablePointer(to: &length) { second throws(Errno) in
        try rawSystemCall(
          Int(SYS_get_robust_list), Int(tid), Int(bitPattern: first), Int(bitPattern: second))
      }
    }
    return (address, length)
  }

  /// Whether a handler of the program gets system calls made outside of a range (PTRACE_GET_SYSCALL_USER_DISPATCH_CONFIG).
  public var dispatchesCalls: Bool {
    // struct ptrace_sud_config: mode, selector, offset, len.
    var configuration = [UInt64](repeating: 0, count: 4)
    let got = unsafe configuration.withUnsafeMutableBytes { bytes in
      try? systemCall { crtop_ptrace(0x4211, tid, UInt(bytes.count), UInt(bitPattern: bytes.baseAddress)) }
    }
    return got != nil && configuration[0] != 0
  }

  /// Whether it may use ports of the processor (NT_386_IOPERM); the kernel gives an error where it may use none.
  public var hasPortPermissions: Bool {
    var bitmap = [UInt8](repeating: 0, count: 8192)
    return (try? registerSet(0x201, into: &bitmap)) ?? 0 > 0
  }

  func registerSet(_ type: Int, into buffer: inout [UInt8]) throws(Errno) -> Int {
    try unsafe buffer.withMutableBytes { bytes throws(Errno) in
      var vector = unsafe iovec(iov_base: bytes.baseAddress, iov_len: bytes.count)
      _ = try unsafe withUnsafeMutablePointer(to: &vector) { pointer throws(Errno) in
        try request(PTRACE_GETREGSET, type, Int(bitPattern: pointer))
      }
      return unsafe vector.iov_len
    }
  }

  func setRegisterSet(_ type: Int, to bytes: [UInt8]) throws(Errno) {
    var bytes = bytes
    try unsafe bytes.withMutableBytes { bytes throws(Errno) in
      var vector = unsafe iovec(iov_base: bytes.baseAddress, iov_len: bytes.count)
      _ = try unsafe withUnsafeMutablePointer(to: &vector) { pointer throws(Errno) in
        try request(PTRACE_SETREGSET, type, Int(bitPattern: pointer))
      }
    }
  }
}
