/// Interval timers (setitimer(2)) with the time that was left.

internal import CLinux
internal import ImageSchema
internal import SystemCalls
internal import Tracing

enum IntervalTimers: ProcessState {
  static func save(_ process: JobProcess, _ calls: inout RemoteCalls) -> Completion? {
    let base = calls.reserve(3 * 32)
    for which in UInt64(0)..<3 {
      calls.call(
        Int(SYS_getitimer), which, base + which * 32, expecting: .value(0), naming: "interval timer (getitimer)")
    }
    return { calls in
      for which in UInt64(0)..<3 {
        let words = (UInt64(0)..<4).map { calls.word64(at: base + which * 32 + $0 * 8) }
        guard words[0] | words[1] | words[2] | words[3] != 0 else { continue }
        var timer = ImageIntervalTimer()
        timer.which = UInt32(which)
        timer.intervalUs = words[0] &* 1_000_000 &+ words[1]
        timer.valueUs = words[2] &* 1_000_000 &+ words[3]
        process.image.intervalTimers.append(timer)
      }
    }
  }

  static func restore(
    _ process: RestartingProcess, _ context: RestartContext, _ calls: inout RemoteCalls
  ) throws(Problem) {
    for timer in process.image.intervalTimers {
      var value = timer.valueUs
      if value == 0 {
        // It has gone off, and goes on when its signal is delivered (kernel/time/itimer.c): a timer that was switched
        // off has no interval. The signal may have come after the pending ones were read, so it is not looked for.
        guard timer.which == 0 else { continue }
        value = 1
      }
      // ITIMER_REAL is 0. The kernel adds one tick when a CPU-time timer is set (kernel/time/itimer.c, set_cpu_itimer).
      if timer.which != 0, value > Machine.tickMicroseconds { value -= Machine.tickMicroseconds }
      let address = calls.place(words: [
        timer.intervalUs / 1_000_000, timer.intervalUs % 1_000_000, value / 1_000_000, value % 1_000_000,
      ])
      calls.call(
        Int(SYS_setitimer), UInt64(timer.which), address, 0, expecting: .value(0), naming: "interval timer (setitimer)")
    }
  }
}
