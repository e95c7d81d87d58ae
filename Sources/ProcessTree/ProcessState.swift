/// Defines `ProcessState`, what a process is doing, frozen included.

/// The state of a process: the kernel's letter, except that a frozen process is `frozen` whatever its letter says.
///
/// The raw value is the name in JSON.
public enum ProcessState: String, Sendable, CaseIterable {
  case running
  case sleeping
  case diskSleep = "disk-sleep"
  case stopped
  case traced
  case zombie
  case dead
  case idle
  case frozen

  /// The meaning of field 3 of `/proc/PID/stat`; letters of old kernels (x, K, W, P) are told as what they come to.
  public init?(letter: UInt8) {
    switch letter {
    case UInt8(ascii: "R"): self = .running
    case UInt8(ascii: "S"): self = .sleeping
    case UInt8(ascii: "D"), UInt8(ascii: "K"), UInt8(ascii: "W"): self = .diskSleep
    case UInt8(ascii: "T"): self = .stopped
    case UInt8(ascii: "t"): self = .traced
    case UInt8(ascii: "Z"): self = .zombie
    case UInt8(ascii: "X"), UInt8(ascii: "x"): self = .dead
    case UInt8(ascii: "I"), UInt8(ascii: "P"): self = .idle
    default: return nil
    }
  }

  /// One letter: the kernel's, and F for frozen.
  public var letter: Character {
    switch self {
    case .running: "R"
    case .sleeping: "S"
    case .diskSleep: "D"
    case .stopped: "T"
    case .traced: "t"
    case .zombie: "Z"
    case .dead: "X"
    case .idle: "I"
    case .frozen: "F"
    }
  }

  /// The word for people, at most 8 characters; FROZEN stands out.
  public var word: String {
    switch self {
    case .diskSleep: "disk"
    case .frozen: "FROZEN"
    default: rawValue
    }
  }
}
