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
  }

  /// Asks, as the parent, whether there is a stop or a continuation that wait(2) has not reported yet, and leaves it there.
  static func save(_ process: JobProcess, _ calls: inout RemoteCalls) -> Completion? {
    guard !process.children.isEmpty else { return nil }
    let probes = process.children.map { child in
      let information = calls.reserve(32)  // the kernel writes its first 28 bytes only (kernel/exit.c, waitid)
      let what = child.image.state == .stopped ? WSTOPPED : WCONTINUED
      calls.call(
        Int(SYS_waitid), UInt64(P_PID.rawValue), UInt64(child.pid), information,
        UInt64(what | WNOHANG | WNOWAIT) | anyChild, 0, expecting: .value(0),
        naming: "stopped or continued child (waitid)")
      return (child, information)
    }
    return { calls in
      for (child, information) in probes {
        // si_signo is SIGCHLD when there is something to report, else 0.
        let isUnreported = calls.word32(at: information) != 0
        if child.image.state == .stopped {
          child.image.stopReported = !isUnreported
        } else {
          child.image.continueUnreported = isUnreported
        }
      }
    }
  }

  /// Stops a new process while it is traced, or stops and continues it, before its parent's signal actions are set: so the
  /// parent gets no SIGCHLD, but wait(2) knows of it.
  static func make(_ process: RestartingProcess, _ scaffold: borrowing Scaffold) throws(Problem) {
    if process.image.state == .stopped { return try stop(process, Int32(process.image.stopSignal), scaffold) }
    guard process.image.continueUnreported else { return }
    try stop(process, SIGSTOP, scaffold)
    var calls = scaffold.newCalls(slot: process.slot)
    calls.call(Int(SYS_kill), UInt64(process.pid), UInt64(SIGCONT), expecting: .value(0), naming: "SIGCONT")
    try scaffold.run(process.leader, &calls, stopSignal: process.stopSignal, unblocked: SignalSets.bit(SIGCONT))
  }

  private static func stop(
    _ process: RestartingProcess, _ signal: Int32, _ scaffold: borrowing Scaffold
  ) throws(Problem) {
    guard stopSignals.contains(signal) else {
      throw Problem(
        task: process.name, errno: .invalidArgument, what: "stop_signal \(signal) in the image", why: "it stops no task"
      )
    }
    var calls = scaffold.newCalls(slot: process.slot)
    calls.call(Int(SYS_kill), UInt64(process.pid), UInt64(signal), expecting: .value(0), naming: "stop by job control")
    try scaffold.run(
      process.leader, &calls, stopSignal: process.stopSignal, unblocked: SignalSets.bit(signal), delivering: signal)
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
