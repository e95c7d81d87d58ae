/// Blocked and pending signals, private and shared, with their full siginfo and in order.

internal import CLinux
internal import FoundationEssentials
internal import ImageSchema
internal import SystemCalls
internal import Tracing

enum PendingSignals: ThreadState {
  /// What one list of calls can carry, for a thread and for its group.
  static let maximum = 800

  /// Reads the mask and the queues of a stopped thread; the leader those of the group as well.
  static func read(_ thread: JobThread, of process: JobProcess) throws(Errno) {
    thread.image.blockedSignals = try thread.traced.signalMask()
    try readQueues(thread, of: process)
  }

  /// The queues alone. E2BIG: more signals are pending than can be restored.
  static func readQueues(_ thread: JobThread, of process: JobProcess) throws(Errno) {
    thread.image.pendingSignals = try thread.traced.pendingSignals(shared: false).map(image)
    if thread.tid == process.threads.first?.tid {
      process.image.pendingSignals = try thread.traced.pendingSignals(shared: true).map(image)
    }
    guard max(thread.image.pendingSignals.count, process.image.pendingSignals.count) <= maximum else {
      throw .argListTooLong
    }
  }

  private static func image(_ information: [UInt8]) -> ImagePendingSignal {
    var signal = ImagePendingSignal()
    signal.information = Data(information)
    return signal
  }

  static func restore(
    _ thread: RestartingThread, of process: RestartingProcess, _ calls: inout RemoteCalls
  ) throws(Problem) {
    for signal in thread.image.pendingSignals where !expire(signal, of: process, &calls) {
      let address = calls.place([UInt8](signal.information))
      calls.call(
        Int(SYS_rt_tgsigqueueinfo), UInt64(process.pid), UInt64(thread.tid), UInt64(try number(signal, of: thread)),
        address, expecting: .value(0), naming: "pending signal (rt_tgsigqueueinfo)")
    }
    guard thread.tid == process.driver.tid else { return }
    // By its own id, which names its group as well: only for that the kernel takes any si_code.
    for signal in process.image.pendingSignals where !expire(signal, of: process, &calls) {
      let address = calls.place([UInt8](signal.information))
      calls.call(
        Int(SYS_rt_sigqueueinfo), UInt64(thread.tid), UInt64(try number(signal, of: thread)), address,
        expecting: .value(0), naming: "pending signal (rt_sigqueueinfo)")
    }
  }

  /// A timer's signal is queued by the timer itself, where that can be.
  private static func expire(
    _ signal: ImagePendingSignal, of process: RestartingProcess, _ calls: inout RemoteCalls
  ) -> Bool {
    guard let timer = signal.timer else { return false }
    return NewPosixTimers.expire(timer, of: process, &calls)
  }

  /// si_signo, the first field of a siginfo_t.
  static func number(_ signal: ImagePendingSignal, of thread: RestartingThread) throws(Problem) -> Int32 {
    let bytes = [UInt8](signal.information)
    let number = bytes.count == 128 ? unsafe bytes.withUnsafeBytes { unsafe $0.loadUnaligned(as: Int32.self) } : 0
    guard (1...64).contains(number) else {
      throw Problem(
        task: thread.name, errno: .invalidArgument, what: "a pending signal in the image",
        why: "signal \(number) is not valid")
    }
    return number
  }
}
