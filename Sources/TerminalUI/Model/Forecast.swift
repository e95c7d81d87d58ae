/// Defines `Forecast`, which says about how long a checkpoint will stop a job and how large its image will be.

package import CheckpointImage
package import CheckpointRestart

/// What was known of a job, and asked for, when its checkpoint was started.
package struct CheckpointPlan: Sendable, Hashable {
  package var tasks: Int
  package var threads: Int
  package var memoryBytes: UInt64
  package var after: AfterCheckpoint
  package var compression: Compression

  package init(
    tasks: Int, threads: Int, memoryBytes: UInt64, after: AfterCheckpoint = .resume,
    compression: Compression = .none
  ) {
    self.tasks = tasks
    self.threads = threads
    self.memoryBytes = memoryBytes
    self.after = after
    self.compression = compression
  }

  /// Seconds of standing still by rule of thumb (docs/performance.md): some for each task, some for each thread, and
  /// the copying of memory.
  fileprivate var usualPause: Double {
    0.001 + 0.0012 * Double(tasks) + 0.00025 * Double(threads) + Double(memoryBytes) / 1.5e9
  }
}

/// Learns from the checkpoints of this run: the rule of thumb knows nothing of this machine.
package struct Forecast: Sendable {
  /// Real pause over usual pause, and how many checkpoints tell it.
  private var pauseFactor = 1.0
  package private(set) var pauses = 0
  /// Image size over memory to be saved, by compression.
  private var sizeFactors: [Compression: Double] = [:]

  package init() {}

  /// Takes in what a checkpoint came to.
  package mutating func learn(from operation: OperationModel, _ summary: OperationSummary) {
    guard let plan = operation.plan, plan.memoryBytes > 0, summary.bytes > 0 else { return }
    let size = Double(summary.bytes) / Double(plan.memoryBytes)
    sizeFactors[plan.compression] = sizeFactors[plan.compression].map { ($0 + size) / 2 } ?? size
    // A job that is killed or stays frozen stands still while the image is written: another matter.
    guard plan.after == .resume, summary.pauseMicroseconds > 0 else { return }
    let factor = Double(summary.pauseMicroseconds) / 1e6 / plan.usualPause
    pauseFactor = pauses == 0 ? factor : (pauseFactor + factor) / 2
    pauses += 1
  }

  /// Seconds that the job will stand still, if it goes on.
  package func pause(of plan: CheckpointPlan) -> Double { plan.usualPause * pauseFactor }

  /// Bytes of the image as earlier ones came out; `nil` when none was made with this compression.
  package func imageBytes(of plan: CheckpointPlan) -> UInt64? {
    sizeFactors[plan.compression].map { UInt64(min(max(Double(plan.memoryBytes) * $0, 0), 1e18)) }
  }
}
