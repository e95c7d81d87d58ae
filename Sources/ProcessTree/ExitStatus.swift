/// Defines `ExitStatus`, how a process ended.

/// A wait status, as wait(2) and field 52 of `/proc/PID/stat` report it.
public struct ExitStatus: RawRepresentable, Sendable, Hashable {
  public var rawValue: Int32

  /// Any status of a process that has ended: 0 to 65535.
  public init(rawValue: Int32) { self.rawValue = rawValue }

  /// The code given to exit(2), 0 to 255; `nil` when a signal ended the process.
  public var code: Int32? { rawValue & 0x7f == 0 ? (rawValue >> 8) & 0xff : nil }

  /// The signal that ended the process.
  public var signal: SignalNumber? { rawValue & 0x7f == 0 ? nil : SignalNumber(rawValue: rawValue & 0x7f) }

  /// Whether the kernel dumped core.
  public var dumpedCore: Bool { signal != nil && rawValue & 0x80 != 0 }
}

extension ExitStatus: CustomStringConvertible {
  /// `exited 130`, `killed by SIGSEGV, core dumped`.
  public var description: String {
    guard let signal else { return "exited \((rawValue >> 8) & 0xff)" }
    return "killed by \(signal.name)" + (dumpedCore ? ", core dumped" : "")
  }
}
