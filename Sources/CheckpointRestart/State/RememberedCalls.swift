/// Calls with a time limit that the kernel goes on with from memory of its own (restart_syscall(2)): relative sleeps, poll(2),
/// futex(2). In the restarted job they go on with what was left.

internal import CLinux
internal import Glibc
internal import ImageSchema
internal import SystemCalls
internal import Tracing

enum RememberedCalls: ThreadState {
  /// `nil` without the privileges, or on a kernel that does not show its memory.
  static let kernel = try? KernelMemory()

  /// A call, as its registers say it.
  private struct Call {
    let number: Int
    let arguments: (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64)

    let kind: Kind
    /// Whether its times are of two 32-bit words, not of two 64-bit ones.
    let hasShortTimes: Bool

    enum Kind { case sleep, clockSleep, poll, futex }

    private static let known: [Int: (kind: Kind, hasShortTimes: Bool)] = [
      Int(SYS_nanosleep): (.sleep, false), Int(SYS_clock_nanosleep): (.clockSleep, false),
      Int(SYS_poll): (.poll, false), Int(SYS_futex): (.futex, false),
      CompatCall.nanosleep: (.sleep, true), CompatCall.poll: (.poll, true),
      CompatCall.clockNanosleep: (.clockSleep, true), CompatCall.clockNanosleepTime64: (.clockSleep, false),
      CompatCall.futex: (.futex, true), CompatCall.futexTime64: (.futex, false),
    ]

    init?(_ number: Int, _ arguments: (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64)) {
      guard let known = Self.known[number] else { return nil }
      (kind, hasShortTimes) = known
      self.number = number
      self.arguments = arguments
    }

    /// As /proc/PID/syscall shows it: the number, then the arguments with 0x before them.
    init?(_ text: inout ByteScanner, is32Bit: Bool) {
      guard let plain = text.unsigned(), let number = Int(exactly: plain) else { return nil }
      let words = (0..<6).map { _ in text.skip(" 0x") ? text.unsigned(radix: 16) ?? 0 : 0 }
      let arguments = (words[0], words[1], words[2], words[3], words[4], words[5])
      self.init(is32Bit ? CompatCall.marked(number) : number, arguments)
    }

    /// Whether made anew it ends when it would have: it has no end, or an absolute one.
    var isRepeatable: Bool {
      switch kind {
      case .poll: Int32(truncatingIfNeeded: arguments.2) < 0
      case .futex: Int32(truncatingIfNeeded: arguments.1) & FUTEX_CMD_MASK == FUTEX_WAIT_BITSET
      default: false
      }
    }

    /// Whether it ends at a distance from its beginning, and nobody but the kernel knows at which.
    var isKnownToKernelOnly: Bool {
      switch kind {
      case .clockSleep where Int32(truncatingIfNeeded: arguments.1) == TIMER_ABSTIME: false
      case .futex:
        Int32(truncatingIfNeeded: arguments.1) & FUTEX_CMD_MASK == FUTEX_WAIT && arguments.3 != 0
      default: !isRepeatable && remaining == 0
      }
    }

    /// Where the kernel has put what was left; 0: nowhere.
    var remaining: UInt64 {
      switch kind {
      case .sleep: arguments.1
      case .clockSleep: arguments.3
      default: 0
      }
    }
  }
  private static let FUTEX_CMD_MASK: Int32 = 127
  private static let FUTEX_WAIT: Int32 = 0
  private static let FUTEX_WAIT_BITSET: Int32 = 9

  // MARK: - Checkpoint

  /// What can be known beforehand without the privileges: a running job's sleeps.
  static func inspect(
    _ thread: JobThread, of process: JobProcess, _ context: CheckpointContext, _ reader: inout ProcFileReader
  ) {
    guard context.isPreflight, kernel == nil, !context.acceptedLosses.contains(.sleepTime),
      var text = try? reader.read("/proc/\(thread.tid)/syscall"),
      let call = Call(&text, is32Bit: process.image.is32Bit),
      call.isKnownToKernelOnly
    else { return }
    refuse(thread, context, unseen, canAccept: true)
  }

  static let unseen = "how much of its time is left is seen by CAP_BPF and CAP_PERFMON only"

  /// Finds out what is left of the call that a stopped thread is in.
  static func save(_ registers: Registers, _ thread: JobThread, _ context: CheckpointContext) throws(Errno) {
    guard registers.restart == .block, let number = registers.interruptedCall else { return }
    var call = Call(number, registers.arguments)
    var block: RestartBlock?
    if call?.isKnownToKernelOnly ?? true {
      block = try? kernel?.restartBlock(of: thread.tid)
      // After an earlier stop only the kernel knows which call it was.
      if let block, [Int(SYS_restart_syscall), CompatCall.restartSystemCall].contains(number) {
        call = Call(self.number(of: block, registers, thread), registers.arguments)
      }
    }
    guard let call else {
      return refuse(
        thread, context, "the task is in a call that goes on (restart_syscall(2)), and it cannot be seen which")
    }
    thread.image.rememberedCall = UInt32(CompatCall.plainNumber(call.number))
    if call.isRepeatable { return }
    if call.remaining != 0 {
      thread.image.callRestNs = try time(at: call.remaining, of: thread, short: call.hasShortTimes)
    } else if let block, let end = block.end {
      thread.image.callRestNs = UInt64(max(0, end - Clocks.machineTime(block.clock, at: thread.stoppedAt)))
    } else if !context.acceptedLosses.contains(.sleepTime) {
      refuse(thread, context, unseen, canAccept: true)
    }
  }

  private static func number(of block: RestartBlock, _ registers: Registers, _ thread: JobThread) -> Int {
    let arguments = registers.arguments
    // An address is never as small as a clock's number.
    let hasClock = arguments.0 < 16
    if registers.is32Bit {
      return switch block.call {
      case .poll: CompatCall.poll
      case .futex: hasShortTime(at: arguments.3, of: thread) ? CompatCall.futex : CompatCall.futexTime64
      case .sleep where hasClock: block.hasCompatTime ? CompatCall.clockNanosleep : CompatCall.clockNanosleepTime64
      case .sleep: CompatCall.nanosleep
      }
    }
    return switch block.call {
    case .poll: Int(SYS_poll)
    case .futex: Int(SYS_futex)
    case .sleep: Int(hasClock ? SYS_clock_nanosleep : SYS_nanosleep)
    }
  }

  /// A time of two 64-bit words has seconds with an upper half of zero, and nanoseconds below a second; one of two 32-bit
  /// words, followed by something else, hardly ever looks like that.
  private static func hasShortTime(at address: UInt64, of thread: JobThread) -> Bool {
    guard let (seconds, nanoseconds) = try? words(at: address, of: thread) else { return true }
    return seconds >> 32 != 0 || nanoseconds >= 1_000_000_000
  }

  private static func time(at address: UInt64, of thread: JobThread, short: Bool) throws(Errno) -> UInt64 {
    let (first, second) = try words(at: address, of: thread, count: short ? 1 : 2)
    let (seconds, nanoseconds) = short ? (first & 0xffff_ffff, first >> 32) : (first, second)
    return seconds &* 1_000_000_000 &+ nanoseconds
  }

  private static func words(
    at address: UInt64, of thread: JobThread, count: Int = 2
  ) throws(Errno) -> (UInt64, UInt64) {
    let memory = try TaskMemory(of: thread.tid)
    let bytes = try memory.bytes(at: address, count: count * 8) + [UInt8](repeating: 0, count: 8)
    return unsafe bytes.withUnsafeBytes { bytes in
      unsafe (bytes.loadUnaligned(as: UInt64.self), bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
    }
  }

  static func refuse(_ thread: JobThread, _ context: CheckpointContext, _ why: String, canAccept: Bool = false) {
    let other = canAccept ? ", or accept that it begins anew in the restarted job: --accept sleep-time" : ""
    context.refuse(
      Problem(
        task: thread.traced.name, errno: .notPermitted, what: "its system call with a time limit", why: why,
        remedy: "run crtop as root\(other)"))
  }

  // MARK: - Restart

  /// Puts a new thread into its call with what is left, where it is interrupted as it was at the checkpoint. Gives the
  /// registers that it is to go on with. The thread stands in the scaffold.
  static func restore(
    _ thread: RestartingThread, of process: RestartingProcess, _ scaffold: borrowing Scaffold
  ) throws(Problem) -> Registers? {
    guard let saved = Registers(bytes: [UInt8](thread.image.registers)) else { return nil }
    guard let call = Call(saved.ownCall(Int(thread.image.rememberedCall)), saved.arguments) else { return saved }
    guard !call.isRepeatable, thread.image.hasCallRestNs else { return saved.repeating(call.number) }
    var calls = scaffold.newCalls(slot: process.slot)
    add(call, rest: thread.image.callRestNs, &calls)
    let result = try scaffold.interrupt(thread.traced, in: calls)
    // Its time is over, or what it waited for has come.
    return result == Registers.Restart.block.rawValue ? saved : saved.returning(result)
  }

  private static func add(_ call: Call, rest: UInt64, _ calls: inout RemoteCalls) {
    let (a, b, c, d, e, f) = call.arguments
    let (seconds, nanoseconds) = (rest / 1_000_000_000, rest % 1_000_000_000)
    let short = min(seconds, UInt64(Int32.max)) | nanoseconds << 32
    let time = calls.place(words: call.hasShortTimes ? [short] : [seconds, nanoseconds])
    switch call.kind {
    case .sleep: calls.call(call.number, time, b, naming: "nanosleep")
    case .clockSleep: calls.call(call.number, a, 0, time, d, naming: "clock_nanosleep")
    case .poll:
      // Its time is in milliseconds: never too short, and less than one too long.
      calls.call(call.number, a, b, min((rest + 999_999) / 1_000_000, UInt64(Int32.max)), naming: "poll")
    case .futex: calls.call(call.number, a, b, c, time, e, f, naming: "futex")
    }
  }

  static func validate(_ thread: ImageThread) -> String? {
    guard let registers = Registers(bytes: [UInt8](thread.registers)) else { return nil }
    guard thread.rememberedCall != 0 || registers.restart == .block else { return nil }
    guard registers.restart == .block,
      Call(registers.ownCall(Int(thread.rememberedCall)), registers.arguments) != nil
    else { return "\(thread.rememberedCall) is not the call it is in" }
    return thread.callRestNs <= UInt64(Int64.max) ? nil : "it has no valid time"
  }
}
