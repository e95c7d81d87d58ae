/// Defines `Abilities`: what only some jobs need of the machine and of crtop's privileges.

internal import CLinux
internal import ImageSchema
public import SystemCalls
internal import Tracing

public enum Abilities {
  /// Whether POSIX timers can be made with the ids that they had (PR_TIMER_CREATE_RESTORE_IDS, Linux 6.15).
  public static var restoresTimerIDs: Bool {
    let request = NewPosixTimers.restoreIDs
    return (try? rawSystemCall(Int(SYS_prctl), Int(request.request), Int(request.get))) != nil
  }

  /// Reads what the kernel alone remembers of sleeps.
  ///
  /// - Throws: EPERM without the privileges, another error on a kernel that does not show it.
  public static func readSleeps() throws(Errno) {
    if !SleepTimer.areSeen(in: try KernelMemory()) { throw .invalidArgument }
  }

  /// Whether crtop may read and suspend seccomp filters: with CAP_SYS_ADMIN, and without filters of its own.
  public static let suspendsSeccomp = !isFiltered && Credentials.own().effective & Capabilities.administer != 0

  /// Whether crtop itself has seccomp filters.
  public static var isFiltered: Bool {
    ((try? readText("/proc/thread-self/status")) ?? "").contains("\nSeccomp:\t2")
  }
}
