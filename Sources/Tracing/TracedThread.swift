/// Defines `TracedThread`, one thread under ptrace(2), and how it is stopped, resumed and let go.
///
/// A tracer is a thread, not a process: every method must be called on the thread that attached.

internal import CLinux
public import SystemCalls

/// What waitpid(2) said of a traced thread.
public enum StopReason: Sendable, Equatable {
  /// A signal-delivery stop; the signal has not been delivered.
  case signal(Int32)
  /// PTRACE_EVENT_STOP: interrupted, newly attached, or in a group stop by this signal (SIGTRAP: none).
  case interrupted(Int32)
  /// Another PTRACE_EVENT_*.
  case event(Int32)
  /// The thread is gone; the wait status.
  case ended(Int32)
}

/// A thread that is, or is about to be, under ptrace.
public final class TracedThread {
  /// The kernel's thread id.
  public let tid: Int32
  /// The id of its thread group.
  public let tgid: Int32
  /// The name for messages.
  public let name: TaskName
  /// Signals that were held back while the thread worked for us, to be sent again before it is let go.
  public var heldBackSignals: [Int32] = []
  /// The signal that it stopped with, and that is delivered when it is let go.
  private var deliveredSignal: Int32 = 0
  /// Whether it stands at the beginning of a system call.
  private var isInCall = false
  /// Whether this thread is attached to us.
  public private(set) var isAttached = false
  /// Whether it stands still: only then can it be let go.
  public private(set) var isStopped = false

  /// Names a thread; does not touch it.
  public init(tid: Int32, tgid: Int32, comm: String) {
    self.tid = tid
    self.tgid = tgid
    name = TaskName(pid: tid, comm: comm)
  }

  /// Takes over a thread that the kernel attached by itself, as a child of a traced task.
  public init(attached tid: Int32, tgid: Int32, comm: String) {
    self.tid = tid
    self.tgid = tgid
    name = TaskName(pid: tid, comm: comm)
    isAttached = true
  }

  /// PTRACE_SEIZE and PTRACE_INTERRUPT: the thread will stop, `waitForStop` says when.
  public func seize(options: Int = 0) throws(Errno) {
    try request(PTRACE_SEIZE, 0, options)
    isAttached = true
    try request(PTRACE_INTERRUPT)
  }

  /// Asks for one more stop.
  public func interrupt() throws(Errno) { try request(PTRACE_INTERRUPT) }

  /// PTRACE_SETOPTIONS.
  public func setOptions(_ options: Int) throws(Errno) { try request(PTRACE_SETOPTIONS, 0, options) }

  /// Lets the thread run on; a signal of 0 drops the one it stopped with.
  public func resume(signal: Int32 = 0) throws(Errno) {
    try request(PTRACE_CONT, 0, Int(signal))
    isStopped = false
  }

  /// Lets the thread run until it enters a system call. `finishCall` must follow.
  ///
  /// Unlike a step over the instruction this sends no signal: the kernel forces the trap of a step on a thread that blocks
  /// or ignores it, and resets the action (kernel/signal.c, force_sig_info_to_task).
  public func startCall() throws(Errno) {
    try request(PTRACE_SYSCALL)
    isStopped = false
  }

  /// Lets the thread make the call to its end, whatever it becomes by that (execve(2)). Gives the result; the thread is
  /// stopped as by `finishCall`.
  public func makeCall() throws(Errno) -> Int64 {
    for _ in 0..<2 {  // its beginning, its end
      try startCall()
      try awaitCall()
    }
    let result = try registers().result
    try interruptCall()
    return result
  }

  /// Waits until the thread has entered the call, and interrupts it there, as a stop at a checkpoint does; a call that does
  /// not wait is made all the same. The thread is stopped, where a call is taken up again when it is let go.
  public func finishCall() throws(Errno) {
    try awaitCall()
    try interruptCall()
  }

  /// Lets the thread enter a call, with an argument that points to other bytes than its memory has. It stands still there
  /// when this returns, and makes the call when it is let go, by `detach` or by the end of crtop. A signal comes first, as
  /// it would. `detach` leaves it traced; so the thread that traces it should end soon.
  ///
  /// The argument's register goes on to point below the thread's stack, where the bytes are: a place that signal frames use.
  public func enterCall(_ number: Int, pointing argument: Int, to bytes: [UInt8]) throws(Errno) {
    try startCall()
    guard case .signal(let signal) = try waitForStop(seconds: 1) else { return }
    var registers = try registers()
    guard registers.interruptedCall == number, registers.result == -Int64(Errno.noFunction.rawValue) else {
      deliveredSignal = signal
      return
    }
    let place = registers.unusedStack
    // Where the stack has no room the call is made as it is.
    let isWritten: Void? = try? unsafe bytes.withBytes { buffer throws(Errno) in
      try unsafe TaskMemory(of: tid).write(buffer, to: place)
    }
    guard isWritten != nil else { return }
    registers.setArgument(argument, to: place)
    try setRegisters(registers)
    isInCall = true
  }

  private func awaitCall() throws(Errno) {
    while try waitForStop() != .signal(SIGTRAP) { try startCall() }
  }

  private func interruptCall() throws(Errno) {
    try interrupt()
    try resume()
    guard case .interrupted = try waitForStop() else { throw .noSuchProcess }
  }

  /// Executes one instruction, a system call counting as one.
  public func step() throws(Errno) {
    try request(PTRACE_SINGLESTEP)
    isStopped = false
  }

  /// Lets the thread go. It runs on from where its registers say. Harmless when it is not attached.
  ///
  /// - Parameter seconds: how long to wait for a thread that has been interrupted and has not stopped yet. After that the
  ///   kernel lets it go when the tracer ends.
  public func detach(waiting seconds: Double = 1) {
    guard isAttached else { return }
    if !isStopped { _ = try? poll(seconds: seconds) }
    guard isAttached, isStopped else { return }
    isAttached = false
    // Letting it go would wake it, and the call would end at once: that is left to the end of this thread.
    _ = try? request(isInCall ? PTRACE_CONT : PTRACE_DETACH, 0, Int(deliveredSignal))
    for signal in heldBackSignals { _ = try? rawSystemCall(Int(SYS_tgkill), Int(tgid), Int(tid), Int(signal)) }
    heldBackSignals = []
  }

  /// Waits until the thread stops or ends.
  ///
  /// - Parameter seconds: how long at most; ETIMEDOUT then.
  public func waitForStop(seconds: Double = 10) throws(Errno) -> StopReason {
    guard let reason = try poll(seconds: seconds) else { throw .timedOut }
    return reason
  }

  /// Like `waitForStop`, with `nil` when the time is over.
  public func poll(seconds: Double) throws(Errno) -> StopReason? {
    var patience = Patience(seconds: seconds)
    while true {
      var status: Int32 = 0
      let got = try systemCall { unsafe waitpid(tid, &status, WaitFlag.allThreads | WNOHANG) }
      if got == tid { return decode(status) }
      guard patience.pause() else { return nil }
    }
  }

  private func decode(_ status: Int32) -> StopReason {
    guard crtop_wifstopped(status) else {
      isAttached = false
      return .ended(status)
    }
    isStopped = true
    let signal = crtop_wstopsig(status)
    switch status >> 16 {
    case 0: return .signal(signal)
    case Int32(PTRACE_EVENT_STOP.rawValue): return .interrupted(signal)
    case let event: return .event(event)
    }
  }

  @discardableResult
  func request(_ request: __ptrace_request, _ address: Int = 0, _ data: Int = 0) throws(Errno) -> Int {
    try systemCall {
      crtop_ptrace(Int(request.rawValue), tid, UInt(bitPattern: address), UInt(bitPattern: data))
    }
  }
}

/// waitpid(2) flags that Swift does not import.
enum WaitFlag {
  /// `__WALL`: also threads and children that report with another signal than SIGCHLD.
  static let allThreads: Int32 = 0x4000_0000
}

/// Waits in growing steps: yields at first, since most stops come within 50 us, then sleeps up to 1 ms.
public struct Patience {
  private let deadline: UInt64
  private var rounds: UInt64 = 0

  /// - Parameter seconds: how long `pause` says `true`.
  public init(seconds: Double) { deadline = monotonicNanoseconds() &+ UInt64(seconds * 1e9) }

  /// Gives the processor away for a moment; `false` when the time is over.
  public mutating func pause() -> Bool {
    rounds += 1
    if rounds <= 64 {
      sched_yield()
      return true
    }
    guard monotonicNanoseconds() < deadline else { return false }
    var pause = timespec(tv_sec: 0, tv_nsec: Int(min(1_000_000, (rounds - 64) * 10_000)))
    unsafe nanosleep(&pause, nil)
    return true
  }
}
