/// Defines `MemoryMeter`, which reports the bytes of memory done, per process, neither too often nor too seldom.

internal import SystemCalls

/// A process is reported when its memory is done, and every few MiB on the way.
struct MemoryMeter {
  private struct Amount {
    var name: TaskName
    var total: UInt64
    var done: UInt64 = 0
    var reported: UInt64 = 0
  }

  private static let step: UInt64 = 4 << 20
  private let report: OperationReport
  private var amounts: [Int32: Amount] = [:]
  private var phase: OperationPhase = .memory

  /// - Parameter totals: name and bytes of each process.
  init(_ totals: [(TaskName, UInt64)], _ report: OperationReport) {
    self.report = report
    for (name, total) in totals { amounts[name.pid] = Amount(name: name, total: total) }
    announce()
  }

  /// What is to be done in all, before any of it: whoever adds it up must not see the sum grow.
  private func announce() {
    for amount in amounts.values where amount.total > 0 { send(amount) }
  }

  init(_ plan: MemoryPlan, _ processes: [JobProcess], _ report: OperationReport) {
    self.init(processes.enumerated().map { ($0.element.name, plan.bytesOfProcess[$0.offset]) }, report)
  }

  mutating func add(_ process: JobProcess, _ bytes: UInt64, _ phase: OperationPhase) throws(Problem) {
    if phase != self.phase {
      self.phase = phase
      amounts = amounts.mapValues { Amount(name: $0.name, total: $0.total) }
      announce()
    }
    try add(process.pid, bytes)
  }

  mutating func add(_ pid: Int32, _ bytes: UInt64) throws(Problem) {
    try report.checkCancelled()
    guard var amount = amounts[pid] else { return }
    amount.done = min(amount.done + bytes, amount.total)
    if amount.done == amount.total || amount.done - amount.reported >= Self.step {
      amount.reported = amount.done
      send(amount)
    }
    amounts[pid] = amount
  }

  /// Shared pages and pages of zeroes are nobody's turn: at the end everything is done.
  mutating func finish() {
    for (pid, amount) in amounts where amount.reported < amount.total {
      amounts[pid]?.reported = amount.total
      report.event(.task(TaskProgress(task: amount.name, phase: phase, done: amount.total, total: amount.total)))
    }
  }

  private func send(_ amount: Amount) {
    report.event(.task(TaskProgress(task: amount.name, phase: phase, done: amount.done, total: amount.total)))
  }
}
