/// Defines `SelfCheckpoint`: a job that runs crtop to save itself learns from crtop's exit status where it goes on.

internal import CLinux
internal import FoundationEssentials
internal import Glibc
internal import ImageSchema
internal import SystemCalls
internal import Tracing

/// crtop itself is no part of the image. There it has just ended, and nobody has waited for it yet: a zombie.
public enum SelfCheckpoint {
  /// The exit status of `crtop checkpoint --self` in a restarted job; in the job that goes on it is 0.
  public static let statusAfterRestart: Int32 = 3

  /// The wait status of crtop in the image.
  static var waitStatus: UInt32 { UInt32(statusAfterRestart) << 8 }

  /// Tells crtop's parent of the end that crtop has in the image, as the kernel would have done.
  static func announce(_ context: CheckpointContext) throws(Problem) {
    guard let caller = context.processes.first(where: \.isCaller), let parent = context.byPID[caller.parent] else {
      return
    }
    let action = parent.image.signalActions.first { $0.signal == UInt32(SIGCHLD) }
    if let action, action.handler == 1 || action.flags & UInt64(SA_NOCLDWAIT) != 0 {
      throw parent.problem(
        .notSupported, "its way to run crtop",
        why: "it ignores SIGCHLD, so it cannot learn from an exit status whether it was restarted",
        remedy: "let it set SIGCHLD to its default before it runs crtop")
    }
    let isBlocked = parent.threads.contains { $0.image.blockedSignals & SignalSets.bit(SIGCHLD) != 0 }
    let isPending = parent.image.pendingSignals.contains { $0.information.first == UInt8(SIGCHLD) }
    guard action != nil || isBlocked, !isPending else { return }
    // siginfo_t: si_signo, si_errno, si_code, padding, si_pid, si_uid, si_status.
    let fields = [SIGCHLD, 0, Int32(CLD_EXITED), 0, caller.pid, Int32(bitPattern: getuid()), statusAfterRestart]
    var signal = ImagePendingSignal()
    signal.information = Data(fields.flatMap { field in unsafe withUnsafeBytes(of: field) { unsafe Array($0) } })
    signal.information.append(Data(count: 128 - signal.information.count))
    parent.image.pendingSignals.append(signal)
  }
}
