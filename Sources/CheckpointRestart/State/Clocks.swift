/// The clocks that only go forward: CLOCK_MONOTONIC and CLOCK_BOOTTIME. Where they would go back for a restarted job, as after
/// a reboot, it gets a time namespace in which they go on (time_namespaces(7)).

internal import CLinux
internal import ImageSchema
internal import SystemCalls

/// What a time namespace adds to the machine's clocks, in nanoseconds.
struct TimeOffsets: Equatable {
  var monotonic: Int64 = 0
  var boottime: Int64 = 0

  /// Those of a task, and of crtop itself; none on a kernel without time namespaces.
  init(of pid: Int32) {
    var reader = ProcFileReader()
    guard var text = try? reader.read("/proc/\(pid)/timens_offsets") else { return }
    monotonic = Self.line("monotonic", &text)
    boottime = Self.line("boottime", &text)
  }

  init(monotonic: Int64, boottime: Int64) { (self.monotonic, self.boottime) = (monotonic, boottime) }

  static let own = TimeOffsets(of: getpid())

  /// "monotonic    86400    0": seconds and nanoseconds.
  private static func line(_ name: StaticString, _ text: inout ByteScanner) -> Int64 {
    guard text.skip(name) else { return 0 }
    text.skipAll(UInt8(ascii: " "))
    let seconds = text.signed() ?? 0
    text.skipAll(UInt8(ascii: " "))
    let nanoseconds = text.signed() ?? 0
    text.skipPast(UInt8(ascii: "\n"))
    return seconds &* 1_000_000_000 &+ nanoseconds
  }

  func offset(of clock: clockid_t) -> Int64 {
    switch clock {
    case CLOCK_MONOTONIC: monotonic
    case CLOCK_BOOTTIME: boottime
    default: 0
    }
  }

  /// As /proc/PID/timens_offsets wants them.
  fileprivate var text: String {
    [("monotonic", monotonic), ("boottime", boottime)].map { name, offset in
      let (seconds, nanoseconds) = offset.quotientAndRemainder(dividingBy: 1_000_000_000)
      return nanoseconds < 0
        ? "\(name) \(seconds - 1) \(nanoseconds + 1_000_000_000)\n" : "\(name) \(seconds) \(nanoseconds)\n"
    }.joined()
  }
}

enum Clocks {
  /// A clock as the machine counts it, outside of all time namespaces, in nanoseconds.
  static func machineTime(_ clock: clockid_t) -> Int64 {
    var time = timespec()
    unsafe _ = clock_gettime(clock, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec) - TimeOffsets.own.offset(of: clock)
  }

  /// What that clock said when crtop's own CLOCK_MONOTONIC said `moment`.
  static func machineTime(_ clock: clockid_t, at moment: UInt64) -> Int64 {
    machineTime(clock) - Int64(monotonicNanoseconds() - moment)
  }

  /// What the clocks say in the job.
  static func save(_ root: Int32, in header: inout ImageHeader) {
    let offsets = TimeOffsets(of: root)
    (header.monotonicOffsetNs, header.bootOffsetNs) = (offsets.monotonic, offsets.boottime)
    header.monotonicNs = machineTime(CLOCK_MONOTONIC) + offsets.monotonic
    header.bootTimeNs = machineTime(CLOCK_BOOTTIME) + offsets.boottime
  }

  /// The offsets with which the job's clocks go on.
  private static func wanted(_ header: ImageHeader) -> TimeOffsets {
    let sameBoot = header.bootID == Machine.bootID
    let least =
      sameBoot ? TimeOffsets(monotonic: header.monotonicOffsetNs, boottime: header.bootOffsetNs) : TimeOffsets.own
    // Also in the same boot: a virtual machine may have been taken back to an earlier state of its own.
    func offset(_ clock: clockid_t, _ saved: Int64) -> Int64 {
      max(least.offset(of: clock), saved.subtractingReportingOverflow(machineTime(clock)).partialValue)
    }
    return TimeOffsets(
      monotonic: offset(CLOCK_MONOTONIC, header.monotonicNs), boottime: offset(CLOCK_BOOTTIME, header.bootTimeNs))
  }

  /// Makes the tasks that the calling thread creates from now on be in a time namespace in which the job's clocks go on, if
  /// crtop's own will not do. Gives the offsets that they will have.
  static func enter(_ header: ImageHeader, _ accepted: Set<AcceptedLoss>) throws(Problem) -> TimeOffsets {
    let wanted = wanted(header)
    if wanted == .own { return wanted }
    do throws(Errno) {
      _ = try systemCall { unshare(CLONE_NEWTIME) }
      // The thread's own entry: /proc/self is that of crtop's first thread.
      let thread = try rawSystemCall(Int(SYS_gettid))
      try writeText(wanted.text, to: "/proc/\(thread)/timens_offsets")
      return wanted
    } catch {
      if accepted.contains(.clock) { return .own }
      throw Problem(
        errno: error, what: "the monotonic clock",
        why: "it would go back for the job, and crtop cannot make a time namespace (\(error.symbol))",
        remedy: "run crtop as root with CAP_SYS_TIME, or accept that: --accept clock")
    }
  }

  private static let CLONE_NEWTIME: Int32 = 0x80
}
