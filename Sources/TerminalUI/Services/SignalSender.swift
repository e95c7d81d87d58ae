/// Defines `SignalSender`, which acts on the very process that was chosen, not on whoever has its pid now.

internal import CLinux
internal import Glibc
package import ProcessTree
package import SystemCalls

/// Sends signals and sets priorities.
package protocol SignalSender: Sendable {
  func send(_ signal: SignalNumber, to process: ProcessIdentity) throws(Errno)
  /// Gives all threads of a process a nice value that differs from its own by `step`, -20 to 19 (setpriority(2)). Returns it.
  func renice(_ process: ProcessIdentity, by step: Int) throws(Errno) -> Int
}

/// Sends through a pidfd that is checked against the start time before it is used.
package struct PidfdSender: SignalSender {
  package init() {}

  package func send(_ signal: SignalNumber, to process: ProcessIdentity) throws(Errno) {
    let pidfd = OwnedDescriptor(adopting: Int32(try rawSystemCall(Int(SYS_pidfd_open), Int(process.pid))))
    // The pidfd holds the process, whatever becomes of the pid: what is read now and fits is what the pidfd names.
    guard ProcessIdentity(current: process.pid) == process else { throw .noSuchProcess }
    try rawSystemCall(Int(SYS_pidfd_send_signal), Int(pidfd.number), Int(signal.rawValue))
  }

  package func renice(_ process: ProcessIdentity, by step: Int) throws(Errno) -> Int {
    // There is no call that takes a pidfd; held open, it keeps the pid from being given away.
    let pidfd = OwnedDescriptor(adopting: Int32(try rawSystemCall(Int(SYS_pidfd_open), Int(process.pid))))
    guard ProcessIdentity(current: process.pid) == process, pidfd.number >= 0 else { throw .noSuchProcess }
    // The system call gives 20 less the value; a snapshot's value may be that of before the last key.
    let now = 20 - (try rawSystemCall(Int(SYS_getpriority), Int(PRIO_PROCESS.rawValue), Int(process.pid)))
    let value = min(max(now + step, -20), 19)
    for name in try directoryEntries("/proc/\(process.pid)/task") {
      guard let tid = Int(name) else { continue }
      do throws(Errno) {
        try rawSystemCall(Int(SYS_setpriority), Int(PRIO_PROCESS.rawValue), tid, value)
      } catch {
        // A thread that has just ended.
        if error != .noSuchProcess { throw error }
      }
    }
    return value
  }
}
