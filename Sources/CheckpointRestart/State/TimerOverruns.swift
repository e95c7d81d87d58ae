/// How often POSIX timers with an interval have gone off without a signal of their own (timer_getoverrun(2)): before the
/// signal that was delivered last, and since the one that is pending.

internal import CLinux
internal import ImageSchema
internal import SystemCalls
internal import Tracing

enum TimerOverruns {
  // MARK: - Checkpoint

  /// When the timers and the pending signals of a process are known; refuses what could not be made again.
  static func settle(_ process: JobProcess, _ context: CheckpointContext) {
    let pending = PosixTimers.pending(process.image)
    let counts = Counts(process)
    for index in process.image.posixTimers.indices where process.image.posixTimers[index].intervalNs != 0 {
      let timer = process.image.posixTimers[index]
      var why: String?
      if pending.contains(timer.id) && hasComeWhileStopped(timer, process) {
        // Only one of the two can be made again: the count of what the program has been told, or what it has not seen.
        if timer.overrun != 0 { PosixTimers.drop(timer.id, process) }
      } else if pending.contains(timer.id) {
        let count = counts.all?[timer.id]
        process.image.posixTimers[index].pendingOverrun = UInt32(clamping: max(0, count ?? 0))
        if timer.overrun != 0 {
          why = "its signal is pending again, and only one of both counts could be set"
        } else if count == nil {
          why = "it is shown to CAP_BPF and CAP_PERFMON only"
        }
      }
      let settled = process.image.posixTimers[index]
      guard settled.overrun != 0 || settled.pendingOverrun != 0 || why != nil else { continue }
      why = why ?? obstacle(settled, process)
      guard let why else { continue }
      (process.image.posixTimers[index].overrun, process.image.posixTimers[index].pendingOverrun) = (0, 0)
      if context.acceptedLosses.contains(.timerOverrun) { continue }
      context.refuse(
        process.problem(
          .notSupported, "the count of expiries that its POSIX timer \(timer.id) has missed (timer_getoverrun(2))",
          why: why,
          remedy: "try again later, or accept that it counts from zero: \(AcceptedLoss.timerOverrun.flag)"))
    }
  }

  /// Why a count cannot be made again.
  private static func obstacle(_ timer: ImagePosixTimer, _ process: JobProcess) -> String? {
    guard case .wall = PosixClock(timer.clock) else { return "a clock of CPU time cannot be set to the past" }
    let isTaken = process.image.pendingSignals.contains { UInt32($0.information.first ?? 0) == timer.signal }
    return timer.overrun != 0 && timer.thread != 0 && isTaken
      ? "signal \(timer.signal) is pending for its process as well" : nil
  }

  /// Whether a pending signal cannot have been pending before the stop: some thread would have taken it.
  private static func hasComeWhileStopped(_ timer: ImagePosixTimer, _ process: JobProcess) -> Bool {
    guard process.stopSignal == 0 else { return false }
    return process.threads.contains { thread in
      (timer.thread == 0 || timer.thread == thread.tid)
        && (~thread.image.blockedSignals | thread.awaitedSignals) & SignalSets.bit(Int32(timer.signal)) != 0
    }
  }

  /// What the kernel has counted, read when it is needed.
  private final class Counts {
    private let process: JobProcess
    init(_ process: JobProcess) { self.process = process }
    lazy var all = try? RememberedCalls.kernel?.timerOverruns(of: process.driver)
  }

  // MARK: - Restart

  /// Makes those timers go off whose signal has been delivered to the program, as often as it has been told, and takes the
  /// signal away. They go off again when they would have.
  static func restore(
    _ thread: RestartingThread, of process: RestartingProcess, _ calls: inout RemoteCalls
  ) throws(Problem) {
    let expired = PosixTimers.pending(process.image)
    for timer in process.image.posixTimers
    where timer.overrun != 0 && !expired.contains(timer.id) && taker(timer, process) == thread.tid {
      guard let time = NewPosixTimers.expiry(timer, missed: timer.overrun, process) else {
        throw Problem(
          task: thread.name, errno: .notSupported,
          what: "the count of its POSIX timer \(timer.id) (timer_getoverrun(2))",
          why: "the machine's clock says less than the \(timer.overrun + 1) intervals that it counts")
      }
      NewPosixTimers.set(timer, to: time, absolute: true, &calls)
      let patience = calls.place(words: [1, 0])
      calls.call(
        Int(SYS_rt_sigtimedwait), calls.place(words: [SignalSets.bit(Int32(timer.signal))]), 0, patience, 8,
        expecting: .value(Int64(timer.signal)), naming: "count of a POSIX timer (rt_sigtimedwait)")
    }
  }

  /// Which thread takes the timer's signal away: the one that it is for.
  private static func taker(_ timer: ImagePosixTimer, _ process: RestartingProcess) -> Int32 {
    timer.thread == 0 ? process.driver.tid : timer.thread
  }
}
