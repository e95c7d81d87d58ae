/// Calls with a time limit that the kernel goes on with from memory of its own (restart_syscall(2)): relative sleeps, poll(2),
/// futex(2). In the restarted job they go on with what was left.

internal import CLinux
internal import Glibc
internal import ImageSchema
internal import SystemCalls
internal import Tracing

enum RememberedCalls: ThreadState {
  /// `nil` without the privileges, or on a kernel that does not show its memory.
  static let reader = try? RestartBlockReader()

  /// A call, as its registers say it.
  private struct Call {
    let number: Int
    let arguments: (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64)

    init?(_ number: Int, _ arguments: (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64)) {
      guard [Int(SYS_nanosleep), Int(SYS_clock_nanosleep), Int(SYS_poll), Int(SYS_futex)].contains(number) else {
        return nil
      }
      self.number = number
      self.arguments = arguments
    }

    /// As /proc/PID/syscall shows it: the number, then the arguments with 0x before them.
    init?(_ text: inout ByteScanner) {
      guard let number = text.unsigned() else { return nil }
      let words = (0..<6).map { _ in text.skip(" 0x") ? text.unsigned(radix: 16) ?? 0 : 0 }
      self.init(Int(truncatingIfNeeded: number), (words[0], words[1], words[2], words[3], words[4], words[5]))
    }

    /// Whether made anew it ends when it would have: it has no end, or an absolute one.
    var isRepeatable: Bool {
      switch number {
      case Int(SYS_poll): Int32(truncatingIfNeeded: arguments.2) < 0
      case Int(SYS_futex): Int32(truncatingIfNeeded: arguments.1) & FUTEX_CMD_MASK == FUTEX_WAIT_BITSET
      default: false
      }
    }

    /// Whether it ends at a distance from its beginning, and nobody but the kernel knows at which.
    var isKnownToKernelOnly: Bool {
      switch number {
      case Int(SYS_clock_nanosleep) where Int32(truncatingIfNeeded: arguments.1) == TIMER_ABSTIME: false
      case Int(SYS_futex):
        Int32(truncatingIfNeeded: arguments.1) & FUTEX_CMD_MASK == FUTEX_WAIT && arguments.3 != 0
      default: !isRepeatable && remaining == 0
      }
    }

    /// Where the kernel has put what was left; 0: nowhere.
    var remaining: UInt64 {
      switch number {
      case Int(SYS_nanosleep): arguments.1
      case Int(SYS_clock_nanosleep): arguments.3
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
    guard context.isPreflight, self.reader == nil, !context.acceptedLosses.contains(.sleepTime),
      var text = try? reader.read("/proc/\(thread.tid)/syscall"), let call = Call(&text), call.isKnownToKernelOnly
    else { return }
    refuse(thread, context, unseen, canAccept: true)
  }

  private static let unseen = "how much of its time is left is seen by CAP_BPF and CAP_PERFMON only"

  /// Finds out what is left of the call that a stopped thread is in.
  static func save(_ registers: Registers, _ thread: JobThread, _ context: CheckpointContext) throws(Errno) {
    guard registers.restart == .block, let number = registers.interruptedCall else { return }
    var call = Call(number, registers.arguments)
    var block: RestartBlock?
    if call?.isKnownToKernelOnly ?? true {
      block = try? reader?.block(of: thread.tid)
      // After an earlier stop only the kernel knows which call it was.
      if let block, number == Int(SYS_restart_syscall) {
        call = Call(self.number(of: block, registers), registers.arguments)
      }
    }
    guard let call else {
      return refuse(
        thread, context, "the task is in a call that goes on (restart_syscall(2)), and it cannot be seen which")
    }
    thread.image.rememberedCall = UInt32(call.number)
    if call.isRepeatable { return }
    if call.remaining != 0 {
      thread.image.callRestNs = try time(at: call.remaining, of: thread)
    } else if let block, let end = block.end {
      let stopped = Clocks.machineTime(block.clock) - Int64(monotonicNanoseconds() - thread.stoppedAt)
      thread.image.callRestNs = UInt64(max(0, end - stopped))
    } else if !context.acceptedLosses.contains(.sleepTime) {
      refuse(thread, context, unseen, canAccept: true)
    }
  }

  /// An address is never as small as a clock's number.
  private static func number(of block: RestartBlock, _ registers: Registers) -> Int {
    switch block.call {
    case .poll: Int(SYS_poll)
    case .futex: Int(SYS_futex)
    case .sleep: Int(registers.arguments.0 < 16 ? SYS_clock_nanosleep : SYS_nanosleep)
    }
  }

  private static func time(at address: UInt64, of thread: JobThread) throws(Errno) -> UInt64 {
    let memory = try TaskMemory(of: thread.tid)
    let bytes = try memory.bytes(at: address, count: 16)
    let (seconds, nanoseconds) = unsafe bytes.withUnsafeBytes { bytes in
      unsafe (bytes.loadUnaligned(as: UInt64.self), bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
    }
    return seconds &* 1_000_000_000 &+ nanoseconds
  }

  private static func refuse(_ thread: JobThread, _ context: CheckpointContext, _ why: String, canAccept: Bool = false)
  {
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
    guard let call = Call(Int(thread.image.rememberedCall), saved.arguments) else { return saved }
    guard !call.isRepeatable, thread.image.hasCallRestNs else { return saved.repeating(call.number) }
    var calls = scaffold.newCalls(slot: process.slot)
    add(call, rest: thread.image.callRestNs, &calls)
    let result = try scaffold.interrupt(thread.traced, in: calls)
    // Its time is over, or what it waited for has come.
    return result == Registers.Restart.block.rawValue ? saved : saved.returning(result)
  }

  private static func add(_ call: Call, rest: UInt64, _ calls: inout RemoteCalls) {
    let (a, b, c, d, e, f) = call.arguments
    let time = calls.place(words: [rest / 1_000_000_000, rest % 1_000_000_000])
    switch call.number {
    case Int(SYS_nanosleep): calls.call(call.number, time, b, naming: "nanosleep")
    case Int(SYS_clock_nanosleep): calls.call(call.number, a, 0, time, d, naming: "clock_nanosleep")
    case Int(SYS_poll):
      // Its time is in milliseconds: never too short, and less than one too long.
      calls.call(call.number, a, b, min((rest + 999_999) / 1_000_000, UInt64(Int32.max)), naming: "poll")
    default: calls.call(call.number, a, b, c, time, e, f, naming: "futex")
    }
  }

  static func validate(_ thread: ImageThread) -> String? {
    guard let registers = Registers(bytes: [UInt8](thread.registers)) else { return nil }
    guard thread.rememberedCall != 0 || registers.restart == .block else { return nil }
    guard registers.restart == .block,
      Call(Int(thread.rememberedCall), registers.arguments) != nil
    else { return "\(thread.rememberedCall) is not the call it is in" }
    return thread.callRestNs <= UInt64(Int64.max) ? nil : "it has no valid time"
  }
}
