/// Defines `SignalSender`, which sends a signal to the very process that was chosen, not to whoever has its pid now.

internal import CLinux
package import ProcessTree
package import SystemCalls

/// Sends signals.
package protocol SignalSender: Sendable {
  func send(_ signal: SignalNumber, to process: ProcessIdentity) throws(Errno)
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
}
