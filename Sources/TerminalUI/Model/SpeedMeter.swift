/// Defines `SpeedMeter`, the rate at which bytes have moved in the last seconds.

struct SpeedMeter: Sendable {
  private var samples: [(time: Double, bytes: UInt64)] = []
  /// Seconds that are looked back on, the least between two samples, and the least that make a rate.
  private static let (window, distance, least) = (4.0, 0.1, 0.3)

  /// - Parameter bytes: done so far.
  mutating func add(_ bytes: UInt64, at now: Double) {
    guard let last = samples.last else {
      samples = [(now, bytes)]
      return
    }
    guard bytes >= last.bytes else { return }
    if now - last.time >= Self.distance { samples.append((now, bytes)) }
    while samples.count > 2, now - samples[1].time > Self.window { samples.removeFirst() }
  }

  /// Bytes a second; `nil` while too little is known.
  func rate(now: Double) -> Double? {
    guard let first = samples.first, let last = samples.last, last.time - first.time >= Self.least else { return nil }
    // What stands still is told too: the rate sinks.
    let span = max(last.time - first.time, now - first.time - Self.distance * 3)
    return Double(last.bytes - first.bytes) / span
  }
}
