/// Groups that are stopped by job control (SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU), and whether their parents know it.

internal import CLinux
internal import Glibc
internal import ImageSchema
internal import SystemCalls
internal import Tracing

enum JobControl: ProcessState {
  /// `__WALL`: also children that report with another signal than SIGCHLD.
  private static let anyChild: UInt64 = 0x4000_0000
  private static let stopSignals: Set<Int32> = [SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU]

  static func inspect(_ process: JobProcess, _ context: CheckpointContext) {
    guard process.stopSignal != 0 else { return }
    process.image.state = .stopped
    process.image.stopSignal = UInt32(process.stopSignal)
    context.byPID[process.parent]?.stoppedChildren.append(process)
  }

  /// Asks, as the parent, whether there is a stop that wait(2) has not reported yet, and leaves it there.
  static func save(_ process: JobProcess, _ calls: inout RemoteCalls) -> Completion? {
    let children = process.stoppedChildren
    guard !children.isEmpty else { return nil }
    let probes = children.map { child in
      let information = calls.reserve(128)
      calls.call(
        Int(SYS_waitid), UInt64(P_PID.rawValue), UInt64(child.pid), information,
        UInt64(WSTOPPED | WNOHANG | WNOWAIT) | anyChild,
        0,
        expecting: .value(0), naming: "stopped child (waitid)")
      return (child, information)
    }
    return { calls in
      // si_signo is SIGCHLD when there is something to report, else 0.
      for (child, information) in probes { child.image.stopReported = calls.word32(at: information) == 0 }
    }
  }

  /// Stops a new process while it is traced, before its parent's signal actions are set: so the parent is not told.
  static func stop(_ process: RestartingProcess, _ scaffold: borrowing Scaffold) throws(Problem) {
    let signal = Int32(process.image.stopSignal)
    guard stopSignals.contains(signal) else {
      throw Problem(
        task: process.name, errno: .invalidArgument, what: "stop_signal \(signal) in the image", why: "it stops no task"
      )
    }
    var calls = scaffold.newCalls(slot: process.slot)
    calls.call(Int(SYS_kill), UInt64(process.pid), UInt64(signal), expecting: .value(0), naming: "stop by job control")
    try scaffold.start(
      process.leader, calls, stopSignal: process.stopSignal, unblocked: SignalSets.bit(signal))
    try scaffold.finish(process.leader, &calls, stopSignal: process.stopSignal, delivering: signal)
  }

  /// What wait(2) had reported must not be reported again.
  static func restore(
    _ process: RestartingProcess, _ context: RestartContext, _ calls: inout RemoteCalls
  ) throws(Problem) {
    for child in context.stopped where child.image.ppid == process.pid && child.image.stopReported {
      calls.call(
        Int(SYS_wait4), UInt64(child.pid), 0, UInt64(WNOHANG | WUNTRACED) | anyChild, 0,
        expecting: .value(Int64(child.pid)),
        naming: "stopped child (wait4)")
    }
  }
}
