/// System calls that a checkpoint interrupts, and that must go on as if it had not.

internal import CLinux
internal import ImageSchema
internal import SystemCalls
internal import Tracing

enum InterruptedCalls {
  /// Calls that give EINTR when the task is stopped although no signal handler runs (signal(7)): epoll_wait(2) and its
  /// kin, semop(2), sigtimedwait(2), io_getevents(2), calls on sockets with a timeout; select(2), pselect(2) and ppoll(2) only
  /// where the kernel cannot write back what is left of their time.
  private static let interrupted: Set<Int> = CompatCall.interruptedByStops.union([
    Int(SYS_epoll_wait), Int(SYS_epoll_pwait), 441, Int(SYS_semop), Int(SYS_semtimedop), Int(SYS_rt_sigtimedwait),
    Int(SYS_io_getevents), Int(SYS_io_pgetevents), Int(SYS_recvfrom), Int(SYS_recvmsg), Int(SYS_recvmmsg),
    Int(SYS_select), Int(SYS_pselect6), Int(SYS_ppoll), Int(SYS_accept), Int(SYS_accept4), Int(SYS_sendto),
    Int(SYS_sendmsg),
  ])

  private static let waitsForSignals = [
    Int(SYS_rt_sigtimedwait), CompatCall.signalWait, CompatCall.signalWaitTime64,
  ]

  /// Right after a thread has stopped: has our stop, not a signal, ended its call, then the call is made anew. So it does
  /// not matter how the checkpoint goes on from here.
  static func repair(_ thread: JobThread, of process: JobProcess) throws(Errno) {
    thread.stoppedAt = monotonicNanoseconds()
    let registers = try thread.traced.registers()
    guard let call = registers.interruptedCall, registers.result == -Int64(Errno.interrupted.rawValue),
      interrupted.contains(call)
    else { return }
    let pending = try thread.traced.pendingSignals(shared: false) + thread.traced.pendingSignals(shared: true)
    let blocked = try thread.traced.signalMask()
    for information in pending {
      guard let number = information.first, (1...64).contains(number) else { continue }
      if SignalSets.bit(Int32(number)) & ~blocked != 0 { return }
    }
    thread.wait = TimedWaits.wait(registers, timer: thread.timer)
    if waitsForSignals.contains(call),
      let set = try? TaskMemory(of: thread.tid).bytes(at: registers.arguments.0, count: 8)
    {
      thread.awaitedSignals = unsafe set.withUnsafeBytes { unsafe $0.loadUnaligned(as: UInt64.self) }
    }
    try thread.traced.setRegisters(registers.withCallRepeated)
  }
}
