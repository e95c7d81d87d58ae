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
  private let totals: [(TaskName, UInt64)]
  /// By phase and pid. A large job is read and written in turns: each phase goes on where it was.
  private var amounts: [OperationPhase: [Int32: Amount]] = [:]

  /// - Parameter totals: name and bytes of each process.
  init(_ totals: [(TaskName, UInt64)], _ report: OperationReport) {
    self.report = report
    self.totals = totals
    begin(.memory)
  }

  init(_ plan: MemoryPlan, _ processes: [JobProcess], _ report: OperationReport) {
    self.init(processes.enumerated().map { ($0.element.name, plan.bytesOfProcess[$0.offset]) }, report)
  }

  /// Tells what is to be done in all, before any of it: whoever adds it up must not see the sum grow.
  private mutating func begin(_ phase: OperationPhase) {
    amounts[phase] = Dictionary(
      totals.map { ($0.0.pid, Amount(name: $0.0, total: $0.1)) }, uniquingKeysWith: { first, _ in first })
    for (name, total) in totals where total > 0 { send(Amount(name: name, total: total), phase) }
  }

  mutating func add(_ process: JobProcess, _ bytes: UInt64, _ phase: OperationPhase) throws(Problem) {
    try add(process.pid, bytes, phase)
  }

  mutating func add(_ pid: Int32, _ bytes: UInt64, _ phase: OperationPhase = .memory) throws(Problem) {
    try report.checkCancelled()
    if amounts[phase] == nil { begin(phase) }
    guard var amount = amounts[phase]?[pid] else { return }
    amount.done = min(amount.done + bytes, amount.total)
    if amount.done == amount.total || amount.done - amount.reported >= Self.step {
      amount.reported = amount.done
      send(amount, phase)
    }
    amounts[phase]?[pid] = amount
  }

  /// Shared pages and pages of zeroes are nobody's turn: at the end everything is done.
  mutating func finish() {
    for phase in [OperationPhase.memory, .write] {
      for (pid, amount) in amounts[phase] ?? [:] where amount.reported < amount.total {
        amounts[phase]?[pid]?.reported = amount.total
        report.event(.task(TaskProgress(task: amount.name, phase: phase, done: amount.total, total: amount.total)))
      }
    }
  }

  private func send(_ amount: Amount, _ phase: OperationPhase) {
    report.event(.task(TaskProgress(task: amount.name, phase: phase, done: amount.done, total: amount.total)))
  }
}
