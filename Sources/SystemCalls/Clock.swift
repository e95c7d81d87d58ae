/// The clocks, as nanoseconds.

internal import CLinux

/// CLOCK_MONOTONIC in nanoseconds.
public func monotonicNanoseconds() -> UInt64 { nanoseconds(CLOCK_MONOTONIC) }

/// CLOCK_REALTIME in nanoseconds since 1970.
public func realTimeNanoseconds() -> UInt64 { nanoseconds(CLOCK_REALTIME) }

/// CLOCK_BOOTTIME in nanoseconds since boot, suspended time included.
public func bootTimeNanoseconds() -> UInt64 { nanoseconds(CLOCK_BOOTTIME) }

/// Sleeps between two looks at something that gives no event, or until a signal is handled.
public func pause(milliseconds: Int) { pause(microseconds: milliseconds * 1000) }

/// As `pause(milliseconds:)`.
public func pause(microseconds: Int) {
  var time = timespec(tv_sec: microseconds / 1_000_000, tv_nsec: microseconds % 1_000_000 * 1000)
  unsafe _ = nanosleep(&time, nil)
}

private func nanoseconds(_ clock: clockid_t) -> UInt64 {
  var time = timespec()
  unsafe clock_gettime(clock, &time)
  return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
}
