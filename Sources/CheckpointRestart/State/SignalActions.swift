/// Signal actions: handler, flags, restorer and mask of all 64 signals (sigaction(2)), and group stop.

internal import CLinux
internal import ImageSchema
internal import SystemCalls
internal import Tracing

enum SignalActions: ProcessState {
  /// struct kernel_sigaction of the 64-bit ABI: handler, flags, restorer, mask.
  private static let size = 32

  static func save(_ process: JobProcess, _ calls: inout RemoteCalls) -> Completion? {
    guard process.image.sharedTables.signalActions == 0 else { return nil }
    let base = calls.reserve(size * 64)
    for signal in UInt64(1)...64 {
      calls.call(
        Int(SYS_rt_sigaction), signal, 0, base + (signal - 1) * UInt64(size), 8, expecting: .value(0),
        naming: "signal action (rt_sigaction)")
    }
    return { calls in
      for signal in UInt64(1)...64 {
        let address = base + (signal - 1) * UInt64(size)
        var action = ImageSignalAction()
        action.signal = UInt32(signal)
        action.handler = calls.word64(at: address)
        action.flags = calls.word64(at: address + 8)
        action.restorer = calls.word64(at: address + 16)
        action.mask = calls.word64(at: address + 24)
        if action.handler | action.flags | action.restorer | action.mask != 0 {
          process.image.signalActions.append(action)
        }
      }
    }
  }

  static func restore(
    _ process: RestartingProcess, _ context: RestartContext, _ calls: inout RemoteCalls
  ) throws(Problem) {
    // The kernel delivers a signal by the ABI of the call that has set its action.
    let number = process.image.is32Bit ? CompatCall.signalAction : Int(SYS_rt_sigaction)
    func place(_ action: ImageSignalAction, _ calls: inout RemoteCalls) -> UInt64 {
      guard process.image.is32Bit else {
        return calls.place(words: [action.handler, action.flags, action.restorer, action.mask])
      }
      // struct compat_sigaction: handler, flags, restorer, mask.
      return calls.place(words: [
        action.handler | action.flags << 32, action.restorer | action.mask << 32, action.mask >> 32,
      ])
    }
    // Ignoring a signal discards it (signal(7), POSIX 2.4.3): those with which the zombies have reported their ends.
    var action = ImageSignalAction()
    action.handler = 1  // SIG_IGN
    let ignored = place(action, &calls)
    for signal in process.exitSignals {
      calls.call(
        number, UInt64(signal), ignored, 0, 8, expecting: .value(0),
        naming: "signal action (exit signal)")
    }
    // So does setting SIGCHLD to its default, which also stands for stops.
    let standard = place(ImageSignalAction(), &calls)
    calls.call(
      number, UInt64(SIGCHLD), standard, 0, 8, expecting: .value(0), naming: "signal action (SIGCHLD)")
    let saved = Set(process.image.signalActions.map(\.signal))
    for signal in context.ignoredByCrtop + process.exitSignals where !saved.contains(signal) {
      calls.call(
        number, UInt64(signal), standard, 0, 8, expecting: .value(0),
        naming: "signal action (rt_sigaction)")
    }
    for action in process.image.signalActions where action.signal != UInt32(SIGKILL) && action.signal != UInt32(SIGSTOP)
    {
      let address = place(action, &calls)
      calls.call(
        number, UInt64(action.signal), address, 0, 8, expecting: .value(0),
        naming: "signal action (rt_sigaction)")
    }
  }
}
