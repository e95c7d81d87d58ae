/// Defines `OperationProgress`, how far an operation is over all tasks and both passes over their memory.

internal import CheckpointRestart
internal import SystemCalls

/// A checkpoint reads memory and writes it, a restart verifies the image and fills memory: one share of the whole, which
/// never goes back, and one time left.
struct OperationProgress: Sendable {
  private struct Amount: Sendable {
    var done: UInt64 = 0
    var total: UInt64 = 0
  }

  private let passes: [OperationPhase]
  private var parts: [OperationPhase: [Int32: Amount]] = [:]
  private var sums: [OperationPhase: Amount] = [:]
  private var speed = SpeedMeter()
  /// 0 to 1.
  private(set) var fraction = 0.0

  init(_ kind: OperationModel.Kind) { passes = kind == .checkpoint ? [.memory, .write] : [.verify, .memory] }

  /// Takes in how far a task is in one pass.
  mutating func add(_ progress: TaskProgress, at now: Double) {
    guard progress.total > 0, passes.contains(progress.phase) else { return }
    let before = parts[progress.phase, default: [:]][progress.task.pid] ?? Amount()
    parts[progress.phase, default: [:]][progress.task.pid] = Amount(done: progress.done, total: progress.total)
    var sum = sums[progress.phase] ?? Amount()
    sum.done = sum.done &- before.done &+ progress.done
    sum.total = sum.total &- before.total &+ progress.total
    sums[progress.phase] = sum
    speed.add(moved, at: now)
    fraction = max(fraction, min(Double(moved) / Double(max(toMove, 1)), 1))
  }

  /// The size of what is gone through, in bytes; 0: not known yet.
  var total: UInt64 { passes.compactMap { sums[$0]?.total }.first ?? 0 }

  /// The share of `total`.
  var done: UInt64 { UInt64(fraction * Double(total)) }

  /// Bytes of all passes. One that has not begun is taken to be as long as the other.
  private var moved: UInt64 { passes.reduce(0) { $0 &+ (sums[$1]?.done ?? 0) } }
  private var toMove: UInt64 { passes.reduce(0) { $0 &+ (sums[$1]?.total ?? total) } }

  /// Bytes a second in the last seconds; `nil` while nothing moves or too little is known.
  func rate(now: Double) -> Double? { speed.rate(now: now) }

  /// Seconds until both passes are done, if it goes on as fast.
  func secondsLeft(now: Double) -> Double? {
    guard let rate = rate(now: now), rate > 0, toMove > moved else { return nil }
    return Double(toMove - moved) / rate
  }
}
