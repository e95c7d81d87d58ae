/// Defines `RemoteCalls`, a list of system calls to be made inside a task, with the bytes they read and write.

internal import CLinux
public import SystemCalls

/// What a call in a list must return.
public enum Expectation: Sendable, Equatable {
  /// Anything that is not an error.
  case success
  /// Exactly this.
  case value(Int64)
  /// This value, or this error.
  case valueOrErrno(Int64, Errno)
  /// Anything: the caller looks at the result.
  case anything
}

/// System calls and their data, for a scratch area at a known address of the task.
public struct RemoteCalls {
  /// Where the scratch area is in the task.
  public let base: UInt64
  /// Its halves: data first, then the calls.
  public static let dataCapacity = 256 << 10
  public static let callCapacity = 512
  /// Bytes of a whole scratch area.
  public static let scratchLength = dataCapacity + callCapacity * MemoryLayout<crtop_remote_call>.stride

  var calls: [crtop_remote_call] = []
  var data: [UInt8] = []
  private var checks: [(expectation: Expectation, what: StaticString)] = []

  /// An empty list for a scratch area at `base`.
  public init(base: UInt64) { self.base = base }

  /// How many calls there are.
  public var count: Int { calls.count }

  /// Whether more data was placed than the scratch area holds: then the list must not be run.
  public var isTooLarge: Bool { data.count > Self.dataCapacity }

  /// Why such a list is refused.
  func tooLarge(_ task: TaskName) -> Problem {
    Problem(
      task: task, errno: .argListTooLong, what: "its state",
      why: "one kind of it takes \(data.count) bytes, more than the \(Self.dataCapacity) that crtop can handle at once",
      remedy: "let the program release some of it: pending signals, locks, children")
  }

  /// Reserves zeroed bytes; returns their address in the task.
  public mutating func reserve(_ bytes: Int) -> UInt64 {
    let offset = (data.count + 7) & ~7
    data.append(contentsOf: repeatElement(0, count: offset + bytes - data.count))
    return base + UInt64(offset)
  }

  /// Puts bytes into the data; returns their address in the task.
  public mutating func place(_ bytes: [UInt8]) -> UInt64 {
    let address = reserve(0)
    data.append(contentsOf: bytes)
    return address
  }

  /// Puts a C string into the data.
  public mutating func place(_ text: String) -> UInt64 { place(Array(text.utf8) + [0]) }

  /// Puts 64-bit words into the data.
  public mutating func place(words: [UInt64]) -> UInt64 {
    place(words.flatMap { word in unsafe withUnsafeBytes(of: word.littleEndian) { unsafe Array($0) } })
  }

  /// Adds a call; returns its index.
  @discardableResult
  public mutating func call(
    _ number: Int, _ a: UInt64 = 0, _ b: UInt64 = 0, _ c: UInt64 = 0, _ d: UInt64 = 0, _ e: UInt64 = 0,
    _ f: UInt64 = 0, expecting expectation: Expectation = .success, naming what: StaticString
  ) -> Int {
    calls.append(
      crtop_remote_call(
        number: Int64(number),
        arguments: (
          Int64(bitPattern: a), Int64(bitPattern: b), Int64(bitPattern: c), Int64(bitPattern: d),
          Int64(bitPattern: e), Int64(bitPattern: f)
        ), result: 0))
    checks.append((expectation, what))
    return calls.count - 1
  }

  /// What the call returned: a value, or a negated errno.
  public func result(_ index: Int) -> Int64 { calls[index].result }

  /// Bytes of the data after the calls were made.
  public func bytes(at address: UInt64, count: Int) -> [UInt8] {
    let offset = Int(address - base)
    return Array(data[offset..<offset + count])
  }

  /// One 32-bit value of the data.
  public func word32(at address: UInt64) -> UInt32 { load(at: address) }

  /// One 64-bit value of the data.
  public func word64(at address: UInt64) -> UInt64 { load(at: address) }

  private func load<Value: FixedWidthInteger>(at address: UInt64) -> Value {
    let offset = Int(address - base)
    precondition(offset >= 0 && offset + MemoryLayout<Value>.size <= data.count)
    return unsafe data.withUnsafeBytes { unsafe $0.loadUnaligned(fromByteOffset: offset, as: Value.self) }
  }

  /// The index of the first call that gave an error.
  public var firstFailure: Int? { calls.firstIndex { $0.result < 0 && $0.result >= -4095 } }

  /// The first call in the range whose result is not what it must be.
  func failure(in range: Range<Int>, of task: TaskName) -> Problem? {
    for index in range {
      let result = calls[index].result
      let failed =
        switch checks[index].expectation {
        case .anything: false
        case .success: result < 0 && result >= -4095
        case .value(let value): result != value
        case .valueOrErrno(let value, let errno): result != value && result != -Int64(errno.rawValue)
        }
      guard failed else { continue }
      let errno: Errno = result < 0 && result >= -4095 ? Errno(rawValue: Int32(-result)) : .invalidArgument
      let why = result < 0 ? errno.description : "the call gave \(result)"
      return Problem(task: task, errno: errno, what: "\(checks[index].what)", why: why)
    }
    return nil
  }
}
