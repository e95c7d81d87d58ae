/// How often timers have gone off while their signal was pending.

internal import CLinux
public import SystemCalls

extension KernelMemory {
  /// The count of each POSIX timer of a process by its id (it_overrun of struct k_itimer, kernel/time/posix-timers.c): the
  /// expiries that the next delivery will tell, as far as the kernel has counted them. -1: none.
  ///
  /// - Throws: EINVAL on a kernel whose timers look different.
  public func timerOverruns(of tid: Int32) throws(Errno) -> [Int32: Int64] {
    guard let signal = offset(CRTOP_TASK_SIGNAL), let list = offset(CRTOP_SIGNAL_TIMERS),
      let next = offset(CRTOP_POSIX_TIMER_NEXT), let id = offset(CRTOP_POSIX_TIMER_ID),
      let overrun = offset(CRTOP_POSIX_TIMER_OVERRUN)
    else { throw .invalidArgument }
    let head = try words(at: try address(of: tid) + signal)[0] + list
    var node = try words(at: head)[0]
    var found: [Int32: Int64] = [:]
    // A ring on older kernels. No process has as many as this.
    while node != 0, node != head, found.count < 1 << 16 {
      let timer = node - next
      found[Int32(truncatingIfNeeded: try words(at: timer + id)[0])] = Int64(
        bitPattern: try words(at: timer + overrun)[0])
      node = try words(at: node)[0]
    }
    return found
  }
}
