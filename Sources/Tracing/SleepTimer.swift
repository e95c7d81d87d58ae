/// Defines `SleepTimer`: until when a thread sleeps in a call that a stop will end (signal(7)), and of which the kernel then
/// forgets the time.

internal import CLinux
public import SystemCalls

/// The timer of one sleep.
public struct SleepTimer: Sendable {
  /// When the sleep is over, CLOCK_MONOTONIC outside of time namespaces, in nanoseconds.
  public let end: Int64
  /// How often the thread had given the processor away of itself, this sleep included.
  let switches: UInt64
  private let task: UInt64

  /// hrtimer states (include/linux/hrtimer.h): the timer is running.
  private static let enqueued: UInt8 = 1
  private static let stackSize: UInt64 = 16384

  /// Looks for the timer that a sleeping thread has on its kernel stack (struct hrtimer_sleeper); `nil` where there is none.
  public init?(of tid: Int32, in memory: KernelMemory) throws(Errno) {
    guard let offsets = Offsets(memory) else { return nil }
    task = try memory.address(of: tid)
    switches = try memory.words(at: task + offsets.switches)[0]
    let stack = try memory.words(at: task + offsets.stack)[0]
    // Below of it is what earlier calls have left.
    let pointer = try memory.words(at: task + offsets.stackPointer)[0]
    guard pointer % 8 == 0, pointer >= stack, pointer < stack + Self.stackSize else { return nil }
    let bytes = try memory.bytes(at: pointer, count: Int(stack + Self.stackSize - pointer))
    guard let end = Self.find(task, in: bytes, offsets) else { return nil }
    self.end = end
  }

  /// Whether a stopped thread is still in that sleep: it has given the processor away for the stop only.
  public func isCurrent(in memory: KernelMemory) throws(Errno) -> Bool {
    guard let offsets = Offsets(memory) else { return false }
    return try memory.words(at: task + offsets.switches)[0] == switches + 1
  }

  /// Whether sleeps can be seen on this kernel.
  public static func areSeen(in memory: KernelMemory) -> Bool { Offsets(memory) != nil }

  private static func find(_ task: UInt64, in bytes: [UInt8], _ offsets: Offsets) -> Int64? {
    unsafe bytes.withUnsafeBytes { bytes in
      for start in stride(from: 0, through: bytes.count - offsets.task - 8, by: 8) {
        guard unsafe bytes.loadUnaligned(fromByteOffset: start + offsets.task, as: UInt64.self) == task,
          unsafe bytes[start + offsets.state] == enqueued
        else { continue }
        let end = unsafe bytes.loadUnaligned(fromByteOffset: start + offsets.end, as: Int64.self)
        if end > 0 { return end }
      }
      return nil
    }
  }

  private struct Offsets {
    let switches, stack, stackPointer: UInt64
    /// In struct hrtimer_sleeper, whose first member is the timer.
    let task, end, state: Int

    init?(_ memory: KernelMemory) {
      guard let switches = memory.offset(CRTOP_TASK_SWITCHES), let stack = memory.offset(CRTOP_TASK_STACK),
        let thread = memory.offset(CRTOP_TASK_THREAD), let pointer = memory.offset(CRTOP_THREAD_STACK_POINTER),
        let task = memory.offset(CRTOP_SLEEPER_TASK), let end = memory.offset(CRTOP_TIMER_END),
        let state = memory.offset(CRTOP_TIMER_STATE), end < task, state < task
      else { return nil }
      (self.switches, self.stack, stackPointer) = (switches, stack, thread + pointer)
      (self.task, self.end, self.state) = (Int(task), Int(end), Int(state))
    }
  }
}
