/// Chooses the signal by which injected code stops: one that the task ignores, so that without a tracer nothing happens.

internal import CLinux

/// The signal sets of a process, as /proc/PID/status shows them: one bit each, signal 1 the lowest.
public struct SignalSets: Sendable, Hashable {
  /// Pending for the process or any of its threads.
  public var pending: UInt64
  /// Ignored (SIG_IGN).
  public var ignored: UInt64
  /// Caught by a handler.
  public var caught: UInt64

  /// Makes sets from their bits.
  public init(pending: UInt64, ignored: UInt64, caught: UInt64) {
    self.pending = pending
    self.ignored = ignored
    self.caught = caught
  }

  /// A signal that does nothing to this process and is not pending; `nil` if it has none left.
  ///
  /// First those whose default is to be ignored (signal(7)), then any that the process ignores. SIGCONT is none of them:
  /// sending it has effects of its own.
  public var harmlessSignal: Int32? {
    for signal in [SIGURG, SIGWINCH, SIGCHLD] where caught & Self.bit(signal) == 0 && pending & Self.bit(signal) == 0 {
      return signal
    }
    for signal in Int32(1)...64 where ignored & Self.bit(signal) != 0 && pending & Self.bit(signal) == 0 {
      if ![SIGKILL, SIGSTOP, SIGCONT, SIGTSTP, SIGTTIN, SIGTTOU].contains(signal) { return signal }
    }
    return nil
  }

  /// The bit of a signal, 1 to 64.
  public static func bit(_ signal: Int32) -> UInt64 { 1 << UInt64(signal - 1) }
}
