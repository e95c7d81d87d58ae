/// Defines `StatFields`, the parsed `/proc/PID/stat` or `/proc/PID/task/TID/stat`.

internal import SystemCalls

/// The fields of proc_pid_stat(5) that crtop uses; numbers in comments are the manual's.
package struct StatFields: Equatable {
  package var pid: Int32  // 1
  /// Where the name stands in the bytes; it may hold spaces, parentheses and newlines. 2
  package var comm: Range<Int>
  package var state: ProcessState  // 3
  package var ppid: Int32  // 4
  package var pgid: Int32  // 5
  package var sid: Int32  // 6
  package var terminal: Int32  // 7
  package var flags: UInt64  // 9
  package var cpuTicks: UInt64  // 14 + 15
  package var priority: Int  // 18
  package var nice: Int  // 19
  package var threads: Int  // 20
  package var startTime: UInt64  // 22
  package var virtualBytes: UInt64  // 23
  package var residentPages: UInt64  // 24
  /// 0 to 65535; 0 for a living task, and where the reader may not know it. 52
  package var exitCode: Int32

  /// PF_KTHREAD of include/linux/sched.h.
  package var isKernelThread: Bool { flags & 0x0020_0000 != 0 }

  /// Parses the first `count` bytes; `nil` if anything is missing, not a number or out of range.
  package init?(_ bytes: [UInt8], count: Int) {
    var scanner = ByteScanner(bytes, count: count)
    guard let pid = scanner.unsigned().flatMap({ Int32(exactly: $0) }),
      scanner.skip(UInt8(ascii: " ")), scanner.skip(UInt8(ascii: "("))
    else { return nil }
    let nameStart = scanner.position
    // Only the last parenthesis ends the name: the numbers behind it have none.
    guard let close = bytes[nameStart..<scanner.count].lastIndex(of: UInt8(ascii: ")")) else { return nil }
    scanner.move(to: close + 1)
    guard scanner.skip(UInt8(ascii: " ")), let letter = scanner.next, let state = ProcessState(letter: letter) else {
      return nil
    }
    scanner.move(to: scanner.position + 1)
    var fields = FieldReader(scanner: scanner)
    self.pid = pid
    comm = nameStart..<close
    self.state = state
    ppid = fields.int32()
    pgid = fields.int32()
    sid = fields.int32()
    terminal = fields.int32()
    fields.skip(1)
    flags = fields.unsigned()
    fields.skip(4)
    let userTicks = fields.unsigned()
    let (ticks, overflow) = userTicks.addingReportingOverflow(fields.unsigned())
    cpuTicks = overflow ? .max : ticks
    fields.skip(2)
    priority = Int(fields.signed())
    nice = Int(fields.signed())
    threads = Int(fields.int32())
    fields.skip(1)
    startTime = fields.unsigned()
    virtualBytes = fields.unsigned()
    residentPages = fields.unsigned()
    exitCode = 0
    guard !fields.failed else { return nil }
    // The rest only matters for what has ended, and is not worth a walk otherwise.
    if state == .zombie || state == .dead {
      fields.skip(27)
      exitCode = fields.int32()
      guard !fields.failed, 0...0xffff ~= exitCode else { return nil }
    }
  }
}

/// Reads numbers that each stand behind one space, and remembers whether one was bad.
private struct FieldReader {
  var scanner: ByteScanner
  var failed = false

  mutating func unsigned() -> UInt64 {
    guard scanner.skip(UInt8(ascii: " ")), let value = scanner.unsigned() else {
      failed = true
      return 0
    }
    return value
  }

  mutating func signed() -> Int64 {
    guard scanner.skip(UInt8(ascii: " ")), let value = scanner.signed() else {
      failed = true
      return 0
    }
    return value
  }

  mutating func int32() -> Int32 {
    guard let value = Int32(exactly: signed()) else {
      failed = true
      return 0
    }
    return value
  }

  /// Passes over `count` fields without looking at them.
  mutating func skip(_ count: Int) {
    for _ in 0..<count {
      guard scanner.skip(UInt8(ascii: " ")), !scanner.isAtEnd else {
        failed = true
        return
      }
      while let byte = scanner.next, byte != UInt8(ascii: " ") { scanner.move(to: scanner.position + 1) }
    }
  }
}
