/// POSIX timers (timer_create(2)) with their ids, clocks, targets, and the time that was left.

internal import CLinux
internal import FoundationEssentials
internal import ImageSchema
internal import SystemCalls
internal import Tracing

enum PosixTimers: ProcessState {
  /// What one list of calls can carry.
  static let maximum = 1500

  static func inspect(_ process: JobProcess, _ context: CheckpointContext) {
    guard var text = context.read("timers", of: process) else { return }
    var timers: [ImagePosixTimer] = []
    while text.skip("ID: ") {
      guard let timer = parse(&text) else {
        context.refuse(
          process.problem(.notSupported, "its POSIX timers", why: "/proc/\(process.pid)/timers is unclear"))
        return
      }
      if let why = obstacle(timer, process) {
        context.refuse(
          process.problem(
            .notSupported, "its POSIX timer \(timer.id) (timer_create(2))", why: why,
            remedy: "let the program delete the timer before the checkpoint"))
      }
      timers.append(timer)
    }
    if timers.count > maximum {
      context.refuse(
        process.problem(
          .argListTooLong, "its \(timers.count) POSIX timers (timer_create(2))",
          why: "no more than \(maximum) can be saved",
          remedy: "let the program delete some"))
    }
    process.image.posixTimers = timers.sorted { $0.id < $1.id }
  }

  /// One timer as the kernel shows it (fs/proc/base.c, show_timer), behind "ID: ".
  private static func parse(_ text: inout ByteScanner) -> ImagePosixTimer? {
    var timer = ImagePosixTimer()
    guard let id = text.signed(), text.skip("\nsignal: "), let signal = text.unsigned(), text.skip("/"),
      let value = text.unsigned(radix: 16), text.skip("\nnotify: ")
    else { return nil }
    switch text.text(upTo: UInt8(ascii: "/")) {
    case "signal": timer.notify = UInt32(SIGEV_SIGNAL)
    case "none": timer.notify = UInt32(SIGEV_NONE)
    case "thread": timer.notify = UInt32(SIGEV_THREAD)
    default: return nil
    }
    let target = text.text(upTo: UInt8(ascii: "."))
    guard let pid = text.unsigned(), text.skip("\nClockID: "), let clock = text.signed(), text.skip("\n") else {
      return nil
    }
    if target == "tid" {
      timer.notify |= UInt32(SIGEV_THREAD_ID)
      timer.thread = Int32(truncatingIfNeeded: pid)
    }
    (timer.id, timer.clock) = (Int32(truncatingIfNeeded: id), Int32(truncatingIfNeeded: clock))
    (timer.signal, timer.value) = (UInt32(truncatingIfNeeded: signal), value)
    return timer
  }

  private static func obstacle(_ timer: ImagePosixTimer, _ process: JobProcess) -> String? {
    let isGone = timer.thread != 0 && !process.threads.contains { $0.tid == timer.thread }
    if isGone { return "its signal is for a thread that has ended" }
    switch PosixClock(timer.clock) {
    case .wall, .ownProcess: return nil
    // Which thread's time it counts is not shown.
    case .ownThread: return process.threads.count == 1 ? nil : "it counts the CPU time of one of several threads"
    case .other(let pid): return pid == process.pid ? nil : "it counts the CPU time of another task (\(pid))"
    case .unknown: return "its clock \(timer.clock) is not supported"
    }
  }

  static func save(_ process: JobProcess, _ calls: inout RemoteCalls) -> Completion? {
    guard !process.image.posixTimers.isEmpty else { return nil }
    let base = calls.reserve(32 * process.image.posixTimers.count)
    for (index, timer) in process.image.posixTimers.enumerated() {
      calls.call(
        Int(SYS_timer_gettime), UInt64(timer.id), base + UInt64(32 * index), expecting: .value(0),
        naming: "POSIX timer (timer_gettime)")
    }
    let overruns = process.image.posixTimers.map { timer in
      calls.call(Int(SYS_timer_getoverrun), UInt64(timer.id), naming: "POSIX timer (timer_getoverrun)")
    }
    return { calls in
      for index in process.image.posixTimers.indices {
        let words = (UInt64(0)..<4).map { calls.word64(at: base + UInt64(32 * index) + 8 * $0) }
        process.image.posixTimers[index].intervalNs = words[0] &* 1_000_000_000 &+ words[1]
        process.image.posixTimers[index].restNs = words[2] &* 1_000_000_000 &+ words[3]
        process.image.posixTimers[index].overrun = UInt32(truncatingIfNeeded: calls.result(overruns[index]))
      }
      // The queues were read before the timers, and will be read again.
      process.expiredTimers = pending(process.image)
    }
  }

  /// Makes timers and pending signals agree, when both are known.
  static func settle(_ process: JobProcess) {
    let before = process.expiredTimers
    let after = pending(process.image)
    for index in process.image.posixTimers.indices {
      let timer = process.image.posixTimers[index]
      // It has gone off after its time was read.
      if after.contains(timer.id) && !before.contains(timer.id) {
        process.image.posixTimers[index].restNs = timer.intervalNs
      }
      // Set anew after it had gone off: the kernel will drop that signal when it comes to deliver it.
      if before.contains(timer.id) && timer.intervalNs == 0 && timer.restNs != 0 { drop(timer.id, process) }
    }
    // Nor does it deliver what a deleted timer has left.
    let known = Set(process.image.posixTimers.map(\.id))
    for id in after where !known.contains(id) { drop(id, process) }
  }

  static func drop(_ id: Int32, _ process: JobProcess) {
    process.image.pendingSignals.removeAll { $0.timer == id }
    for index in process.image.threads.indices {
      process.image.threads[index].pendingSignals.removeAll { $0.timer == id }
    }
  }

  /// The timers whose signal is pending, for the group or a thread.
  static func pending(_ process: ImageProcess) -> Set<Int32> {
    Set((process.pendingSignals + process.threads.flatMap(\.pendingSignals)).compactMap(\.timer))
  }

  static func validate(_ process: ImageProcess) -> String? {
    let tids = Set(process.threads.map(\.tid))
    var previous: Int32 = -1
    for timer in process.posixTimers {
      guard timer.id > previous else { return "\(timer.id) is not above the one before" }
      guard timer.signal <= 64, timer.notify <= 7, timer.thread == 0 || tids.contains(timer.thread) else {
        return "\(timer.id) has no valid target"
      }
      guard timer.intervalNs <= UInt64(Int64.max), timer.restNs <= UInt64(Int64.max) else {
        return "\(timer.id) has no valid time"
      }
      guard timer.overrun == 0 || timer.intervalNs != 0 && timer.restNs != 0 && (1...64).contains(timer.signal),
        max(timer.overrun, timer.pendingOverrun) <= UInt32(Int32.max)
      else { return "\(timer.id) has no valid count of missed expiries" }
      previous = timer.id
    }
    return process.posixTimers.count <= maximum ? nil : "there are too many"
  }
}

/// Made when all threads are there, since a timer's signal may be for one of them.
enum NewPosixTimers: ThreadState {
  /// prctl(2) of Linux 6.15: timer_create(2) takes the id that it finds where it puts the id.
  static let restoreIDs: (request: UInt64, off: UInt64, on: UInt64, get: UInt64) = (77, 0, 1, 2)

  static func restore(
    _ thread: RestartingThread, of process: RestartingProcess, _ calls: inout RemoteCalls
  ) throws(Problem) {
    let timers = process.image.posixTimers
    guard !timers.isEmpty else { return }
    if thread.tid == process.driver.tid { create(timers, of: process, &calls) }
    try TimerOverruns.restore(thread, of: process, &calls)
  }

  private static func create(
    _ timers: [ImagePosixTimer], of process: RestartingProcess, _ calls: inout RemoteCalls
  ) {
    calls.call(
      Int(SYS_prctl), restoreIDs.request, restoreIDs.on, expecting: .value(0),
      naming: "ids of POSIX timers (PR_TIMER_CREATE_RESTORE_IDS)")
    for timer in timers {
      let id = calls.place(words: [UInt64(UInt32(bitPattern: timer.id))])
      // struct sigevent: value, signal and kind, thread.
      let event = calls.place(words: [
        timer.value, UInt64(timer.signal) | UInt64(timer.notify) << 32, UInt64(UInt32(bitPattern: timer.thread)), 0, 0,
        0, 0, 0,
      ])
      calls.call(
        Int(SYS_timer_create), UInt64(bitPattern: Int64(timer.clock)), event, id, expecting: .value(0),
        naming: "POSIX timer (timer_create)")
    }
    calls.call(
      Int(SYS_prctl), restoreIDs.request, restoreIDs.off, expecting: .value(0),
      naming: "ids of POSIX timers (PR_TIMER_CREATE_RESTORE_IDS)")
    let expired = PosixTimers.pending(process.image)
    for timer in timers where timer.restNs != 0 {
      let isExpired = expired.contains(timer.id)
      if isExpired ? expiry(timer, missed: timer.pendingOverrun, process) != nil : timer.overrun != 0 { continue }
      set(timer, to: timer.restNs, absolute: false, &calls)
    }
  }

  /// Makes the timer go off by itself once more, as often as its signal is pending: once. So the kernel knows that it has,
  /// how often it has not been able to, and when it is to go off next. `false`: it cannot be done with this clock.
  static func expire(_ id: Int32, of process: RestartingProcess, _ calls: inout RemoteCalls) -> Bool {
    guard let timer = process.image.posixTimers.first(where: { $0.id == id }),
      let time = expiry(timer, missed: timer.pendingOverrun, process)
    else {
      return false
    }
    set(timer, to: time, absolute: true, &calls)
    return true
  }

  /// When the timer went off before it missed so many expiries, so that the next ones are in step: on its clock, in the
  /// past; `nil`: it cannot have, on this clock.
  static func expiry(_ timer: ImagePosixTimer, missed: UInt32, _ process: RestartingProcess) -> UInt64? {
    guard case .wall(let clock) = PosixClock(timer.clock) else { return nil }
    let now = Clocks.machineTime(clock) + process.clocks.offset(of: clock)
    guard timer.intervalNs != 0 else { return now > 0 ? 1 : nil }
    let interval = Int64(timer.intervalNs)
    // Until the task gets there some time passes, which must not be counted as another expiry.
    let rest = max(Int64(timer.restNs), missed == 0 ? 0 : min(interval, 2_000_000))
    let (past, overflow) = interval.multipliedReportingOverflow(by: Int64(missed) + 1)
    let time = now + rest - past
    return !overflow && time > 0 && time <= now ? UInt64(time) : nil
  }

  static func set(_ timer: ImagePosixTimer, to value: UInt64, absolute: Bool, _ calls: inout RemoteCalls) {
    let second: UInt64 = 1_000_000_000
    let time = calls.place(words: [
      timer.intervalNs / second, timer.intervalNs % second, value / second, value % second,
    ])
    calls.call(
      Int(SYS_timer_settime), UInt64(timer.id), absolute ? UInt64(TIMER_ABSTIME) : 0, time, 0, expecting: .value(0),
      naming: "POSIX timer (timer_settime)")
  }
}

/// What a timer counts (include/linux/posix-timers_types.h: a negative id has a pid, a bit for threads, and a kind).
enum PosixClock {
  /// A clock on the wall, and the one to read it by: alarm clocks are the same as those that do not wake the machine.
  case wall(clockid_t)
  case ownProcess, ownThread
  case other(Int32)
  case unknown

  init(_ clock: Int32) {
    switch clock {
    case CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME, CLOCK_TAI: self = .wall(clock)
    case CLOCK_REALTIME_ALARM: self = .wall(CLOCK_REALTIME)
    case CLOCK_BOOTTIME_ALARM: self = .wall(CLOCK_BOOTTIME)
    case ..<0 where clock & 3 != 3:
      let pid = ~(clock >> 3)
      let isThread = clock & 4 != 0
      self = pid == 0 ? (isThread ? .ownThread : .ownProcess) : .other(pid)
    default: self = .unknown
    }
  }
}

extension ImagePendingSignal {
  /// The id of the timer whose expiry the signal tells (SI_TIMER, si_timerid).
  var timer: Int32? {
    let bytes = [UInt8](information)
    guard bytes.count == 128 else { return nil }
    return unsafe bytes.withUnsafeBytes { bytes in
      unsafe bytes.loadUnaligned(fromByteOffset: 8, as: Int32.self) == SI_TIMER
        ? bytes.loadUnaligned(fromByteOffset: 16, as: Int32.self) : nil
    }
  }
}
