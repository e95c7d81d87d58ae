/// Defines `ProcStat` and `ProcStatus`: what the engine needs of /proc/PID/stat and /proc/PID/status (proc(5)).

internal import SystemCalls
internal import Tracing

/// Fields of /proc/PID/stat, by their numbers in proc(5).
struct ProcStat {
  let name: Comm
  var state: UInt8 = 0
  private var fields: [Int64] = []

  /// Parses the file; `nil` when it is not whole.
  init?(_ scanner: consuming ByteScanner) {
    // comm may hold anything, parentheses too: it ends at the last one.
    let bytes = scanner.wholeBytes
    guard let open = bytes.firstIndex(of: UInt8(ascii: "(")), let close = bytes.lastIndex(of: UInt8(ascii: ")")),
      open < close
    else { return nil }
    name = Comm(Array(bytes[(open + 1)..<close]))
    scanner.move(to: close + 1)
    scanner.skip(UInt8(ascii: " "))
    guard let state = scanner.next else { return nil }
    self.state = state
    scanner.skipPast(UInt8(ascii: " "))
    fields.reserveCapacity(49)
    while let value = scanner.signedOrWrapped() {
      fields.append(value)
      scanner.skip(UInt8(ascii: " "))
    }
    guard fields.count >= 49 else { return nil }
  }

  /// Field `number` of proc(5), 4 (ppid) to 52 (exit_code).
  subscript(number: Int) -> Int64 { fields[number - 4] }

  var comm: String { name.text }
  var ppid: Int32 { Int32(truncatingIfNeeded: self[4]) }
  var pgid: Int32 { Int32(truncatingIfNeeded: self[5]) }
  var sid: Int32 { Int32(truncatingIfNeeded: self[6]) }
  /// The controlling terminal's device number, 0 without one.
  var terminal: UInt32 { UInt32(truncatingIfNeeded: self[7]) }
  /// The terminal's foreground group, -1 without a terminal.
  var foregroundGroup: Int32 { Int32(truncatingIfNeeded: self[8]) }
  var isKernelThread: Bool { self[9] & 0x0020_0000 != 0 }
  var threads: Int64 { self[20] }
  var startTime: UInt64 { UInt64(bitPattern: self[22]) }
  var exitSignal: Int32 { Int32(truncatingIfNeeded: self[38]) }
  var exitCode: UInt32 { UInt32(truncatingIfNeeded: self[52]) }
  var isZombie: Bool { state == UInt8(ascii: "Z") }
  var isDead: Bool { state == UInt8(ascii: "X") || state == UInt8(ascii: "x") }
  var isStopped: Bool { state == UInt8(ascii: "T") }

  func address(_ number: Int) -> UInt64 { UInt64(bitPattern: self[number]) }
}

extension ByteScanner {
  /// A signed number; unsigned ones beyond Int64.max (rsslim) keep their bits.
  fileprivate mutating func signedOrWrapped() -> Int64? {
    if next == UInt8(ascii: "-") { return signed() }
    return unsigned().map { Int64(bitPattern: $0) }
  }
}

/// Lines of /proc/PID/status.
struct ProcStatus {
  var tracer: Int32 = 0
  var umask: UInt32 = 0
  var userIDs: [UInt32] = []
  var groupIDs: [UInt32] = []
  var groups: [UInt32] = []
  var pending: UInt64 = 0
  var sharedPending: UInt64 = 0
  var blocked: UInt64 = 0
  var ignored: UInt64 = 0
  var caught: UInt64 = 0
  var capabilities: [UInt64] = []  // inheritable, permitted, effective, bounding, ambient
  var noNewPrivileges = false
  var seccomp: UInt64 = 0
  /// Memory that is no file's: anonymous, also swapped out.
  var contentKilobytes: UInt64 = 0
  var namespaceDepth = 1

  /// Parses the file; lines that are not known are passed over.
  init(_ scanner: consuming ByteScanner) {
    while !scanner.isAtEnd {
      switch scanner.text(upTo: UInt8(ascii: ":")) {
      case "TracerPid": tracer = Int32(truncatingIfNeeded: scanner.numbers().first ?? 0)
      case "Umask": umask = UInt32(truncatingIfNeeded: scanner.numbers(radix: 8).first ?? 0)
      case "Uid": userIDs = scanner.numbers().map { UInt32(truncatingIfNeeded: $0) }
      case "Gid": groupIDs = scanner.numbers().map { UInt32(truncatingIfNeeded: $0) }
      case "Groups": groups = scanner.numbers().map { UInt32(truncatingIfNeeded: $0) }
      case "NSpid": namespaceDepth = scanner.numbers().count
      case "RssAnon", "VmSwap": contentKilobytes &+= scanner.numbers().first ?? 0
      case "SigPnd": pending = scanner.numbers(radix: 16).first ?? 0
      case "ShdPnd": sharedPending = scanner.numbers(radix: 16).first ?? 0
      case "SigBlk": blocked = scanner.numbers(radix: 16).first ?? 0
      case "SigIgn": ignored = scanner.numbers(radix: 16).first ?? 0
      case "SigCgt": caught = scanner.numbers(radix: 16).first ?? 0
      case "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb":
        capabilities.append(scanner.numbers(radix: 16).first ?? 0)
      case "NoNewPrivs": noNewPrivileges = scanner.numbers().first == 1
      case "Seccomp": seccomp = scanner.numbers().first ?? 0
      default: break
      }
      scanner.skipPast(UInt8(ascii: "\n"))
    }
  }

  var signals: SignalSets { SignalSets(pending: pending | sharedPending, ignored: ignored, caught: caught) }
}

extension ByteScanner {
  /// The numbers on the rest of a line, separated by blanks.
  mutating func numbers(radix: UInt64 = 10) -> [UInt64] {
    var all: [UInt64] = []
    while let byte = next, byte != UInt8(ascii: "\n") {
      if let number = unsigned(radix: radix) { all.append(number) } else { move(to: position + 1) }
    }
    return all
  }
}
