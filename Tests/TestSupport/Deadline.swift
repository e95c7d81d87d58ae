/// Waiting for an event with a bounded deadline: the only way in which these tests wait.

internal import CLinux
internal import SystemCalls

/// What went wrong in a test's own surroundings, or what was waited for in vain.
package struct TestFailure: Error, CustomStringConvertible {
  package var description: String
  package init(_ description: String) { self.description = description }
}

/// CLOCK_MONOTONIC in microseconds.
package func monotonicMicroseconds() -> Int64 {
  var time = timespec()
  unsafe clock_gettime(CLOCK_MONOTONIC, &time)
  return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
}

/// Looks again and again until `condition` gives a value.
///
/// - Parameter interval: microseconds between two looks.
/// - Throws: `TestFailure` naming `what` when `seconds` have passed.
package func eventually<Value>(
  _ what: String, seconds: Double = 20, every interval: Int = 2000, _ condition: () throws -> Value?
) throws -> Value {
  let end = monotonicMicroseconds() + Int64(seconds * 1_000_000)
  while true {
    if let value = try condition() { return value }
    guard monotonicMicroseconds() < end else { throw TestFailure("waited \(seconds) s in vain for \(what)") }
    pause(microseconds: interval)
  }
}

/// Looks every 2 ms until `condition` holds.
package func waitUntil(_ what: String, seconds: Double = 20, _ condition: () throws -> Bool) throws {
  _ = try eventually(what, seconds: seconds) { try condition() ? true : nil }
}
