/// Calls with a time limit that a stop ends with EINTR (signal(7)), and of whose time the kernel then remembers nothing:
/// sigtimedwait(2), semtimedop(2), and select(2), pselect(2), ppoll(2) where it cannot write back what is left. They are made
/// anew with what was left, in the job that goes on as well as in the restarted one.

internal import CLinux
internal import Glibc
internal import ImageSchema
internal import SystemCalls
internal import Tracing

enum TimedWaits: ThreadState {
  /// A stopped thread's wait.
  struct Wait {
    /// When it is over, CLOCK_MONOTONIC of the machine in nanoseconds; `nil`: crtop may not see it.
    let end: Int64?
  }

  /// How a call is told its time.
  private struct Call {
    /// Which argument points to it, 0 being the first.
    let argument: Int
    let format: Format
    /// Whether a stop always ends it, wherever its time is.
    var alwaysEnds = true

    enum Format { case timespec, timeval, timespec32, timeval32 }

    private static let known: [Int: Call] = [
      Int(SYS_rt_sigtimedwait): Call(argument: 2, format: .timespec),
      Int(SYS_semtimedop): Call(argument: 3, format: .timespec),
      Int(SYS_select): Call(argument: 4, format: .timeval, alwaysEnds: false),
      Int(SYS_pselect6): Call(argument: 4, format: .timespec, alwaysEnds: false),
      Int(SYS_ppoll): Call(argument: 2, format: .timespec, alwaysEnds: false),
      CompatCall.signalWait: Call(argument: 2, format: .timespec32),
      CompatCall.signalWaitTime64: Call(argument: 2, format: .timespec),
      CompatCall.semaphoreTime64: Call(argument: 3, format: .timespec),
      CompatCall.ipc: Call(argument: 5, format: .timespec32),
      CompatCall.select: Call(argument: 4, format: .timeval32, alwaysEnds: false),
      CompatCall.pselect: Call(argument: 4, format: .timespec32, alwaysEnds: false),
      CompatCall.pselectTime64: Call(argument: 4, format: .timespec, alwaysEnds: false),
      CompatCall.ppoll: Call(argument: 2, format: .timespec32, alwaysEnds: false),
      CompatCall.ppollTime64: Call(argument: 2, format: .timespec, alwaysEnds: false),
    ]
    /// The numbers of both tables, without the mark that tells them apart.
    static let plainNumbers = Set(known.keys.map(CompatCall.plainNumber))

    /// `nil` for a call that is not known, or that waits without a time limit.
    init?(_ number: Int, _ arguments: [UInt64]) {
      guard let call = Self.known[number], arguments[call.argument] != 0 else { return nil }
      // Of ipc(2) it is SEMTIMEDOP, whatever the version (include/uapi/linux/ipc.h).
      if number == CompatCall.ipc, arguments[0] & 0xffff != 4 { return nil }
      self = call
    }

    private init(argument: Int, format: Format, alwaysEnds: Bool = true) {
      (self.argument, self.format, self.alwaysEnds) = (argument, format, alwaysEnds)
    }

    /// The structure that the call reads. Never too short a time.
    func bytes(_ nanoseconds: UInt64) -> [UInt8] {
      let second: UInt64 = 1_000_000_000
      func words<Word: FixedWidthInteger>(_ unit: UInt64, _: Word.Type) -> [UInt8] {
        let units = (nanoseconds + unit - 1) / unit
        let words = [Word(clamping: units / (second / unit)), Word(units % (second / unit))]
        return unsafe words.withUnsafeBytes { unsafe Array($0) }
      }
      return switch format {
      case .timespec: words(1, Int64.self)
      case .timeval: words(1000, Int64.self)
      case .timespec32: words(1, Int32.self)
      case .timeval32: words(1000, Int32.self)
      }
    }
  }

  // MARK: - Checkpoint

  /// What can be known beforehand without the privileges.
  static func inspect(
    _ thread: JobThread, of process: JobProcess, _ context: CheckpointContext, _ reader: inout ProcFileReader
  ) {
    guard context.isPreflight, !isSeen, !context.acceptedLosses.contains(.sleepTime),
      var text = try? reader.read("/proc/\(thread.tid)/syscall"),
      let plain = text.unsigned(), let number = Int(exactly: plain)
    else { return }
    let arguments = (0..<6).map { _ in text.skip(" 0x") ? text.unsigned(radix: 16) ?? 0 : 0 }
    if Call(process.image.is32Bit ? CompatCall.marked(number) : number, arguments)?.alwaysEnds == true {
      refuse(thread, context)
    }
  }

  private static let isSeen = RememberedCalls.kernel.map { SleepTimer.areSeen(in: $0) } ?? false

  private static func refuse(_ thread: JobThread, _ context: CheckpointContext) {
    RememberedCalls.refuse(thread, context, RememberedCalls.unseen, canAccept: true)
  }

  /// Right before a thread is stopped: the timer of its wait, if it is in one. Afterwards nobody knows it.
  static func timer(of tid: Int32, _ reader: inout ProcFileReader) -> SleepTimer? {
    guard isSeen, let kernel = RememberedCalls.kernel, var text = try? reader.read("/proc/\(tid)/syscall"),
      let number = text.unsigned(), Call.plainNumbers.contains(Int(clamping: number))
    else { return nil }
    return try? SleepTimer(of: tid, in: kernel)
  }

  /// Right after it: the wait that the stop has ended. One that the thread was not in before has just begun.
  static func wait(_ registers: Registers, timer: SleepTimer?) -> Wait? {
    guard let number = registers.interruptedCall, Call(number, registers.argumentList) != nil else { return nil }
    guard isSeen, let kernel = RememberedCalls.kernel else { return Wait(end: nil) }
    guard let timer, (try? timer.isCurrent(in: kernel)) == true else { return nil }
    return Wait(end: timer.end)
  }

  static func save(_ thread: JobThread, _ context: CheckpointContext) {
    guard let wait = thread.wait else { return }
    if let end = wait.end {
      thread.image.waitRestNs = UInt64(max(0, end - Clocks.machineTime(CLOCK_MONOTONIC, at: thread.stoppedAt)))
    } else if !context.acceptedLosses.contains(.sleepTime) {
      refuse(thread, context)
    }
  }

  /// Lets a thread of the job go on in its wait; nothing where that is not to be done.
  static func resume(_ thread: JobThread) {
    guard let end = thread.wait?.end, thread.traced.isStopped else { return }
    let rest = UInt64(max(0, end - Clocks.machineTime(CLOCK_MONOTONIC)))
    _ = try? enter(thread.traced, rest: rest)
    thread.traced.detach()
  }

  // MARK: - Restart

  /// Puts a new thread that has its registers into its wait.
  static func enter(_ thread: RestartingThread) throws(Problem) {
    guard thread.image.hasWaitRestNs else { return }
    do throws(Errno) { try enter(thread.traced, rest: thread.image.waitRestNs) } catch {
      throw error.problem(task: thread.name, "cannot put it back into its system call with a time limit")
    }
  }

  /// The thread's registers are those of a call that is to be made anew. It makes that with a time that its memory does not
  /// have, since it may use its own once more.
  private static func enter(_ thread: TracedThread, rest: UInt64) throws(Errno) {
    guard let (number, call) = call(in: try thread.registers()) else { return }
    try thread.enterCall(number, pointing: call.argument, to: call.bytes(rest))
  }

  private static func call(in registers: Registers) -> (number: Int, call: Call)? {
    let number = registers.ownCall(Int(truncatingIfNeeded: registers.result))
    return Call(number, registers.argumentList).map { (number, $0) }
  }

  static func validate(_ thread: ImageThread) -> String? {
    guard thread.hasWaitRestNs else { return nil }
    guard let registers = Registers(bytes: [UInt8](thread.registers)), registers.interruptedCall == nil,
      call(in: registers) != nil
    else { return "it is in no call that waits" }
    return thread.waitRestNs <= UInt64(Int64.max) ? nil : "it has no valid time"
  }
}
