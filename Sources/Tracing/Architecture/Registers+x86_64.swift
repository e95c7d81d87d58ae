/// Everything the engine knows about x86_64 registers. Another processor gets a file like this one.

public import CLinux
public import SystemCalls

/// The general registers of a stopped thread, as PTRACE_GETREGS gives them.
public struct Registers {
  /// The kernel's structure.
  public var raw: user_regs_struct

  /// Makes registers of the kernel's structure.
  public init(raw: user_regs_struct) { self.raw = raw }

  /// Makes registers of saved bytes; `nil` when their number is wrong.
  public init?(bytes: [UInt8]) {
    guard bytes.count == MemoryLayout<user_regs_struct>.size else { return nil }
    raw = unsafe bytes.withUnsafeBytes { unsafe $0.loadUnaligned(as: user_regs_struct.self) }
  }

  /// The bytes to be saved.
  public var bytes: [UInt8] { unsafe withUnsafeBytes(of: raw) { unsafe Array($0) } }

  /// Where the thread goes on.
  public var programCounter: UInt64 {
    get { raw.rip }
    set { raw.rip = newValue }
  }

  /// The number of the system call that the stop interrupted, that of a 32-bit task marked as such (`CompatCall`); `nil`
  /// outside of one.
  public var interruptedCall: Int? {
    let number = Int(Int64(bitPattern: raw.orig_rax))
    return number >= 0 ? ownCall(number) : nil
  }

  /// A number of the table that the thread's own calls are made by.
  public func ownCall(_ plain: Int) -> Int { is32Bit ? CompatCall.marked(plain) : plain }

  /// The result that the interrupted call is about to return.
  public var result: Int64 {
    get { Int64(bitPattern: raw.rax) }
    set { raw.rax = UInt64(bitPattern: newValue) }
  }

  /// First argument of the interrupted call, and so on.
  public var arguments: (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64) {
    guard is32Bit else { return (raw.rdi, raw.rsi, raw.rdx, raw.r10, raw.r8, raw.r9) }
    func low(_ value: UInt64) -> UInt64 { value & 0xffff_ffff }
    return (low(raw.rbx), low(raw.rcx), low(raw.rdx), low(raw.rsi), low(raw.rdi), low(raw.rbp))
  }

  /// The same as a list.
  public var argumentList: [UInt64] {
    let (a, b, c, d, e, f) = arguments
    return [a, b, c, d, e, f]
  }

  /// Sets one argument of a call that has been entered.
  mutating func setArgument(_ index: Int, to value: UInt64) {
    let places: [WritableKeyPath<user_regs_struct, UInt64>] =
      is32Bit ? [\.rbx, \.rcx, \.rdx, \.rsi, \.rdi, \.rbp] : [\.rdi, \.rsi, \.rdx, \.r10, \.r8, \.r9]
    raw[keyPath: places[index]] = value
  }

  /// Memory below the stack that nobody uses, up to 64 bytes of it: signal frames would be put there (x86-64 psABI 3.2.2,
  /// the red zone).
  var unusedStack: UInt64 { (raw.rsp &- 128 &- 64) & ~15 }

  /// Sets the registers for a system call instruction, `int $0x80` for a number of the 32-bit ABI; no call counts as
  /// interrupted.
  mutating func prepareCall(
    _ number: Int, _ a: UInt64, _ b: UInt64, _ c: UInt64, _ d: UInt64, _ e: UInt64, _ f: UInt64
  ) {
    raw.orig_rax = .max
    raw.cs = Self.codeSegment64
    raw.rax = UInt64(CompatCall.plainNumber(number))
    if CompatCall.isCompat(number) {
      (raw.rbx, raw.rcx, raw.rdx, raw.rsi, raw.rdi, raw.rbp) = (a, b, c, d, e, f)
    } else {
      (raw.rdi, raw.rsi, raw.rdx, raw.r10, raw.r8, raw.r9) = (a, b, c, d, e, f)
    }
  }

  /// Sets the registers for a call of a list.
  mutating func prepare(_ call: crtop_remote_call) {
    let a = call.arguments
    func word(_ argument: Int64) -> UInt64 { UInt64(bitPattern: argument) }
    prepareCall(Int(call.number), word(a.0), word(a.1), word(a.2), word(a.3), word(a.4), word(a.5))
  }

  /// Sets the registers for the injected code's loop over a list of calls.
  mutating func prepareList(at code: UInt64, calls: UInt64, count: UInt64) {
    raw.orig_rax = .max
    raw.cs = Self.codeSegment64
    (raw.rip, raw.r14, raw.r12, raw.r15) = (code, calls, count, 0)
  }

  /// The code segments of programs (__USER_CS and __USER32_CS, arch/x86/include/asm/segment.h).
  private static let codeSegment64: UInt64 = 0x33
  private static let codeSegment32: UInt64 = 0x23
  /// Whether the thread runs 64-bit code.
  public var is64Bit: Bool { raw.cs == Self.codeSegment64 }
  /// Whether the thread runs 32-bit code, whose system calls are those of the 32-bit ABI.
  public var is32Bit: Bool { raw.cs == Self.codeSegment32 }

  /// How the kernel wants an interrupted call to be taken up again (include/linux/errno.h).
  public enum Restart: Int64, Sendable {
    case system = -512  // ERESTARTSYS
    case noInterrupt = -513  // ERESTARTNOINTR
    case noHandler = -514  // ERESTARTNOHAND
    case block = -516  // ERESTART_RESTARTBLOCK: restart_syscall(2) with what the kernel remembers
  }

  /// What is pending for the interrupted call.
  public var restart: Restart? { interruptedCall == nil ? nil : Restart(rawValue: result) }

  /// The registers with the interrupted call prepared as the kernel would do it when no handler runs
  /// (arch/x86/kernel/signal.c, arch_do_signal_or_restart).
  public var withCallRestarted: Registers {
    guard let restart, let call = interruptedCall else { return self }
    var copy = self
    let again = is32Bit ? CompatCall.restartSystemCall : Int(SYS_restart_syscall)
    copy.result = Int64(CompatCall.plainNumber(restart == .block ? again : call))
    copy.raw.rip &-= 2
    copy.raw.orig_rax = UInt64.max
    return copy
  }

  /// The registers behind a call that has returned.
  public func returning(_ result: Int64) -> Registers {
    var copy = self
    copy.result = result
    copy.raw.orig_rax = UInt64.max
    return copy
  }

  /// The registers for one system call instruction at `address`, which must be `int $0x80` for the 32-bit ABI.
  public func calling(_ number: Int, _ a: UInt64, _ b: UInt64, at address: UInt64) -> Registers {
    var copy = self
    copy.prepareCall(number, a, b, 0, 0, 0, 0)
    copy.raw.rip = address
    return copy
  }

  /// The registers with the interrupted call to be made anew from its arguments.
  public var withCallRepeated: Registers {
    guard let call = interruptedCall else { return self }
    return repeating(call)
  }

  /// The registers with a call to be made from the arguments that are there.
  public func repeating(_ call: Int) -> Registers {
    var copy = self
    copy.result = Int64(CompatCall.plainNumber(call))
    copy.raw.rip &-= 2
    copy.raw.orig_rax = UInt64.max
    return copy
  }
}

extension TracedThread {
  /// PTRACE_GETREGS.
  public func registers() throws(Errno) -> Registers {
    var raw = user_regs_struct()
    try unsafe withUnsafeMutablePointer(to: &raw) { pointer throws(Errno) in
      _ = try request(PTRACE_GETREGS, 0, Int(bitPattern: pointer))
    }
    return Registers(raw: raw)
  }

  /// PTRACE_SETREGS.
  public func setRegisters(_ registers: Registers) throws(Errno) {
    var raw = registers.raw
    try unsafe withUnsafeMutablePointer(to: &raw) { pointer throws(Errno) in
      _ = try request(PTRACE_SETREGS, 0, Int(bitPattern: pointer))
    }
  }

  /// The floating-point and vector state as the XSAVE instruction lays it out (NT_X86_XSTATE).
  public func extendedState() throws(Errno) -> [UInt8] {
    var buffer = [UInt8](repeating: 0, count: ExtendedState.maximumSize)
    let count = try registerSet(ExtendedState.registerSetType, into: &buffer)
    return Array(buffer.prefix(count))
  }

  /// Replaces the floating-point and vector state.
  public func setExtendedState(_ bytes: [UInt8]) throws(Errno) {
    try setRegisterSet(ExtendedState.registerSetType, to: bytes)
  }
}

/// The layout of the XSAVE area (Intel SDM 13.4; arch/x86/include/uapi/asm/sigcontext.h).
public enum ExtendedState {
  static let registerSetType = 0x202
  /// AMX tiles make it 11 KiB; nothing known is larger than 16 KiB.
  public static let maximumSize = 16384

  /// The state components that the saving kernel had enabled (XCR0), kept in the software-reserved bytes.
  public static func enabledFeatures(_ bytes: [UInt8]) -> UInt64? {
    guard bytes.count >= 512 else { return nil }
    return unsafe bytes.withUnsafeBytes { unsafe $0.loadUnaligned(fromByteOffset: 464, as: UInt64.self) }
  }
}
