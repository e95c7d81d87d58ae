/// Finds free addresses in a task's address space.

internal import SystemCalls

enum FreeRange {
  /// The end of what is looked at: user addresses with four-level page tables.
  private static let end: UInt64 = 1 << 47

  /// The middle of the largest gap, far from anything that grows; `nil` where none is much larger than what is wanted.
  ///
  /// - Parameter areas: what is mapped, in order.
  static func find(_ length: UInt64, between areas: [Range<UInt64>]) -> UInt64? {
    var best: Range<UInt64> = 0..<0
    for (lower, upper) in zip(areas, areas.dropFirst()) where upper.lowerBound > lower.upperBound {
      guard upper.lowerBound < end else { break }
      if upper.lowerBound - lower.upperBound > best.upperBound - best.lowerBound {
        best = lower.upperBound..<upper.lowerBound
      }
    }
    guard best.upperBound - best.lowerBound > 4 * length else { return nil }
    return (best.lowerBound + (best.upperBound - best.lowerBound) / 2) & ~(pageSize - 1)
  }
}
