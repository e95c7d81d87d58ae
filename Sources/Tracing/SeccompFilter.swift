/// Defines `SeccompFilter`, a program of seccomp(2), and what it says of a system call.

internal import CLinux
public import SystemCalls

/// A filter as the kernel keeps it: classic BPF over struct seccomp_data.
public struct SeccompFilter: Sendable, Hashable {
  /// SECCOMP_FILTER_FLAG_LOG or 0.
  public var flags: UInt32
  /// Instructions of 8 bytes: code (2), jump if true (1), if false (1), constant (4).
  public var program: [UInt8]

  /// Makes a filter from its parts.
  public init(flags: UInt32, program: [UInt8]) {
    self.flags = flags
    self.program = program
  }

  /// What a filter answers, the strictest first (seccomp(2)).
  public enum Action: UInt32, Sendable, Comparable {
    case killProcess = 0x8000_0000
    case killThread = 0
    case trap = 0x0003_0000
    case error = 0x0005_0000
    case notify = 0x7fc0_0000
    case trace = 0x7ff0_0000
    case log = 0x7ffc_0000
    case allow = 0x7fff_0000

    /// As the kernel compares them: as signed numbers.
    public static func < (left: Action, right: Action) -> Bool {
      Int32(bitPattern: left.rawValue) < Int32(bitPattern: right.rawValue)
    }
  }

  private struct Instruction {
    var code: UInt16
    var ifTrue: Int
    var ifFalse: Int
    var constant: UInt32
  }

  private func instruction(_ index: Int) -> Instruction? {
    guard index >= 0, index * 8 + 8 <= program.count else { return nil }
    return unsafe program.withUnsafeBytes { bytes in
      Instruction(
        code: unsafe bytes.loadUnaligned(fromByteOffset: index * 8, as: UInt16.self),
        ifTrue: Int(unsafe bytes[index * 8 + 2]), ifFalse: Int(unsafe bytes[index * 8 + 3]),
        constant: unsafe bytes.loadUnaligned(fromByteOffset: index * 8 + 4, as: UInt32.self))
    }
  }

  /// Whether some path of it may ask a listener (SECCOMP_RET_USER_NOTIF), who cannot be made again.
  public var mayNotify: Bool {
    (0..<program.count / 8).compactMap(instruction).contains {
      $0.code == 0x16 || ($0.code == 0x06 && $0.constant & 0xffff_0000 == Action.notify.rawValue)
    }
  }

  /// What the filter says of a call; `nil` when that cannot be told: an instruction that is not known, or one that looks at
  /// where the call is made.
  ///
  /// - Parameter number: of the 64-bit table, or a `CompatCall`.
  public func action(number: Int, _ arguments: [UInt64]) -> Action? {
    // AUDIT_ARCH_I386, AUDIT_ARCH_X86_64
    let architecture: UInt32 = CompatCall.isCompat(number) ? 0x4000_0003 : 0xc000_003e
    var data: [UInt32?] = [UInt32(truncatingIfNeeded: number), architecture, nil, nil]
    for index in 0..<6 {
      let argument = index < arguments.count ? arguments[index] : 0
      data += [UInt32(truncatingIfNeeded: argument), UInt32(truncatingIfNeeded: argument >> 32)]
    }
    return run(data)
  }

  /// The machine of linux/filter.h, as far as seccomp(2) allows it (kernel/seccomp.c, seccomp_check_filter).
  private func run(_ data: [UInt32?]) -> Action? {
    var (accumulator, index): (UInt32, UInt32) = (0, 0)
    var memory = [UInt32](repeating: 0, count: 16)
    var counter = 0
    while let now = instruction(counter) {
      counter += 1
      let k = now.constant
      switch now.code {
      case 0x20:  // load a word of the data
        guard k % 4 == 0, Int(k / 4) < data.count, let word = data[Int(k / 4)] else { return nil }
        accumulator = word
      case 0x80: accumulator = 64
      case 0x81: index = 64
      case 0x00: accumulator = k
      case 0x01: index = k
      case 0x60, 0x61, 0x02, 0x03:
        guard k < 16 else { return nil }
        switch now.code {
        case 0x60: accumulator = memory[Int(k)]
        case 0x61: index = memory[Int(k)]
        case 0x02: memory[Int(k)] = accumulator
        default: memory[Int(k)] = index
        }
      case 0x07: index = accumulator
      case 0x87: accumulator = index
      case 0x06: return Self.action(k)
      case 0x16: return Self.action(accumulator)
      case 0x05: counter += Int(k)
      case let code where code & 0x07 == 0x05:
        let operand = code & 0x08 == 0 ? k : index
        let holds: Bool
        switch code & 0xf0 {
        case 0x10: holds = accumulator == operand
        case 0x20: holds = accumulator > operand
        case 0x30: holds = accumulator >= operand
        case 0x40: holds = accumulator & operand != 0
        default: return nil
        }
        counter += holds ? now.ifTrue : now.ifFalse
      case let code where code & 0x07 == 0x04:
        guard let result = Self.compute(code & 0xf0, accumulator, code & 0x08 == 0 ? k : index) else { return nil }
        accumulator = result
      default: return nil
      }
    }
    return nil
  }

  private static func compute(_ operation: UInt16, _ left: UInt32, _ right: UInt32) -> UInt32? {
    switch operation {
    case 0x00: left &+ right
    case 0x10: left &- right
    case 0x20: left &* right
    case 0x30: right == 0 ? nil : left / right
    case 0x40: left | right
    case 0x50: left & right
    case 0x60: right < 32 ? left << right : 0
    case 0x70: right < 32 ? left >> right : 0
    case 0x80: 0 &- left
    case 0x90: right == 0 ? nil : left % right
    case 0xa0: left ^ right
    default: nil
    }
  }

  /// An action that the kernel does not know kills the process.
  private static func action(_ value: UInt32) -> Action { Action(rawValue: value & 0xffff_0000) ?? .killProcess }
}

extension [SeccompFilter] {
  /// What all of them together say: the strictest answer; `nil` when one cannot be told.
  public func action(number: Int, _ arguments: [UInt64] = []) -> SeccompFilter.Action? {
    var strictest = SeccompFilter.Action.allow
    for filter in self {
      guard let action = filter.action(number: number, arguments) else { return nil }
      strictest = Swift.min(strictest, action)
    }
    return strictest
  }
}

extension TracedThread {
  /// PTRACE_O_SUSPEND_SECCOMP: while we trace it, no filter of this stopped thread is asked. Needs CAP_SYS_ADMIN.
  public func suspendSeccomp() throws(Errno) { try setOptions(Int(PTRACE_O_SUSPEND_SECCOMP.rawValue)) }

  /// The filters of this stopped thread, the oldest first (PTRACE_SECCOMP_GET_FILTER, PTRACE_SECCOMP_GET_METADATA). Needs
  /// CAP_SYS_ADMIN.
  public func seccompFilters() throws(Errno) -> [SeccompFilter] {
    var filters: [SeccompFilter] = []
    while true {
      let index = filters.count
      let length: Int
      do throws(Errno) { length = try request(PTRACE_SECCOMP_GET_FILTER, index, 0) } catch {
        if error == .noSuchFileOrDirectory { return filters }
        throw error
      }
      var program = [UInt8](repeating: 0, count: length * 8)
      try unsafe program.withMutableBytes { bytes throws(Errno) in
        _ = try request(PTRACE_SECCOMP_GET_FILTER, index, Int(bitPattern: bytes.baseAddress))
      }
      var metadata = (offset: UInt64(index), flags: UInt64(0))
      try unsafe withUnsafeMutablePointer(to: &metadata) { pointer throws(Errno) in
        _ = try request(PTRACE_SECCOMP_GET_METADATA, 16, Int(bitPattern: pointer))
      }
      filters.append(SeccompFilter(flags: UInt32(truncatingIfNeeded: metadata.flags), program: program))
    }
  }
}
