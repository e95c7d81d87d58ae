/// Defines `RestartBlock`: what the kernel remembers of an interrupted call whose time it goes on to count
/// (restart_syscall(2)), and how it is read.

public import CLinux

/// The block of one thread.
public struct RestartBlock: Sendable {
  /// The call that goes on.
  public enum Call: Sendable {
    case sleep, poll, futex
  }
  public let call: Call
  /// The clock that the call's time is counted on, as the kernel has it outside of time namespaces.
  public let clock: clockid_t
  /// When the call's time is over, on that clock in nanoseconds; `nil`: never.
  public let end: Int64?
  /// Whether what is left of a sleep is to be written as a 32-bit program's struct timespec.
  public let hasCompatTime: Bool

  /// `nil` for calls that are not known.
  init?(_ block: crtop_kernel_task) {
    hasCompatTime = block.nanosleep.type == 2  // TT_COMPAT (include/linux/restart_block.h)
    let name = unsafe withUnsafeBytes(of: block.name) {
      unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
    }
    if name.hasPrefix("hrtimer_nanosleep_restart") {
      (call, clock, end) = (.sleep, block.nanosleep.clock, Int64(clamping: block.nanosleep.expires))
    } else if name.hasPrefix("do_restart_poll") {
      let seconds = Int64(clamping: block.poll.seconds).multipliedReportingOverflow(by: 1_000_000_000)
      let end = seconds.partialValue.addingReportingOverflow(Int64(clamping: block.poll.nanoseconds))
      (call, clock) = (.poll, CLOCK_MONOTONIC)
      let isEndless = block.poll.has_timeout == 0
      self.end = isEndless || seconds.overflow || end.overflow ? nil : end.partialValue
    } else if name.hasPrefix("futex_wait_restart") {
      (call, clock, end) = (.futex, CLOCK_MONOTONIC, Int64(clamping: block.futex.time))
    } else {
      return nil
    }
  }
}
