/// Defines `SignalNumber`, a signal with its name as in signal(7).

/// A signal's number on x86_64.
public struct SignalNumber: RawRepresentable, Sendable, Hashable {
  public var rawValue: Int32

  /// Any number; `name` tells what it is.
  public init(rawValue: Int32) { self.rawValue = rawValue }

  public static let hangup = SignalNumber(rawValue: 1)
  public static let interrupt = SignalNumber(rawValue: 2)
  public static let kill = SignalNumber(rawValue: 9)
  public static let terminate = SignalNumber(rawValue: 15)
  public static let `continue` = SignalNumber(rawValue: 18)
  public static let stop = SignalNumber(rawValue: 19)

  /// `SIGTERM`, `SIGRTMIN+2` (counted from the C library's SIGRTMIN, 34), or `signal 32` for one without a name.
  public var name: String {
    switch rawValue {
    case 1...31: Self.names[Int(rawValue) - 1]
    case 34: "SIGRTMIN"
    case 35...49: "SIGRTMIN+\(rawValue - 34)"
    case 50...63: "SIGRTMAX-\(64 - rawValue)"
    case 64: "SIGRTMAX"
    default: "signal \(rawValue)"
    }
  }

  /// Signals 1 to 31, by number.
  public static var standard: [SignalNumber] { (1...31).map { SignalNumber(rawValue: $0) } }

  private static let names = [
    "SIGHUP", "SIGINT", "SIGQUIT", "SIGILL", "SIGTRAP", "SIGABRT", "SIGBUS", "SIGFPE", "SIGKILL", "SIGUSR1",
    "SIGSEGV", "SIGUSR2", "SIGPIPE", "SIGALRM", "SIGTERM", "SIGSTKFLT", "SIGCHLD", "SIGCONT", "SIGSTOP", "SIGTSTP",
    "SIGTTIN", "SIGTTOU", "SIGURG", "SIGXCPU", "SIGXFSZ", "SIGVTALRM", "SIGPROF", "SIGWINCH", "SIGIO", "SIGPWR",
    "SIGSYS",
  ]
}
