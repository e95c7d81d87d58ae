/// System calls that a checkpoint interrupts, and that must go on as if it had not.

internal import CLinux
internal import ImageSchema
internal import SystemCalls
internal import Tracing

enum InterruptedCalls {
  /// Calls that give EINTR when the task is stopped although no signal handler runs (signal(7)): epoll_wait(2) and its
  /// kin, semop(2), sigtimedwait(2), io_getevents(2).
  private static let interrupted: Set<Int> = [
    Int(SYS_epoll_wait), Int(SYS_epoll_pwait), 441, Int(SYS_semop), Int(SYS_semtimedop), Int(SYS_rt_sigtimedwait),
    Int(SYS_io_getevents), Int(SYS_io_pgetevents),
  ]

  /// Whether our stop, not a signal, has ended the call.
  static func mustBeRepeated(_ registers: Registers, _ thread: JobThread, _ process: JobProcess) -> Bool {
    guard let call = registers.interruptedCall, registers.result == -Int64(Errno.interrupted.rawValue),
      interrupted.contains(call)
    else { return false }
    let pending = process.status.sharedPending | thread.pendingSet
    return pending & ~thread.image.blockedSignals == 0
  }
}

extension JobThread {
  /// The thread's own pending signals as a set.
  var pendingSet: UInt64 {
    image.pendingSignals.reduce(0) { set, signal in
      guard let number = signal.information.first, (1...64).contains(number) else { return set }
      return set | SignalSets.bit(Int32(number))
    }
  }
}
