/// Defines `OperationModel`, a checkpoint or restart as the screen knows it from its events.

package import CheckpointRestart
package import SystemCalls

/// One task of an operation.
package struct TaskLine: Sendable, Hashable {
  package var task: TaskName
  package var phase: OperationPhase?
  package var done: UInt64 = 0
  package var total: UInt64 = 0
  /// Seconds of the monotonic clock at its first and its last news.
  package var firstNews: Double?
  package var lastNews: Double?
  package var problem: Problem?

  /// 0 to 1; by phase where no memory moves.
  package var fraction: Double {
    if total > 0 { return min(Double(done) / Double(total), 1) }
    return isAtEnd ? 1 : 0
  }

  /// The last phase of either operation.
  package var isAtEnd: Bool {
    switch phase {
    case .resume, .kill, .commit: true
    default: false
    }
  }
}

/// Its life, told by events that come in order.
package struct OperationModel: Sendable {
  package enum Kind: String, Sendable { case checkpoint, restart }

  package enum Outcome: Sendable {
    case running
    case cancelling
    case done(OperationSummary)
    case failed([Problem])
  }

  package let id: Int
  package let kind: Kind
  /// The root of the subtree, or the command of the image.
  package let subject: String
  /// The image's path.
  package let image: String
  package let startedAt: Double
  package private(set) var endedAt: Double?
  package private(set) var lines: [TaskLine] = []
  private var places: [Int32: Int] = [:]
  package private(set) var notes: [String] = []
  package private(set) var outcome = Outcome.running
  private var wasCancelled = false

  package init(id: Int, kind: Kind, subject: String, image: String, startedAt: Double) {
    self.id = id
    self.kind = kind
    self.subject = subject
    self.image = image
    self.startedAt = startedAt
  }

  package var isRunning: Bool { endedAt == nil }

  /// Ended because the user wanted it: nothing to be alarmed about.
  package var isCancelled: Bool {
    guard wasCancelled, case .failed(let problems) = outcome else { return false }
    return problems.allSatisfy { $0.errno == .canceled }
  }

  /// Seconds so far, or in all.
  package func elapsed(now: Double) -> Double { (endedAt ?? now) - startedAt }

  package var done: UInt64 { lines.reduce(0) { $0 &+ $1.done } }
  package var total: UInt64 { lines.reduce(0) { $0 &+ $1.total } }

  /// The user asked for the end.
  package mutating func markCancelling() {
    guard isRunning else { return }
    outcome = .cancelling
    wasCancelled = true
  }

  /// Takes in one event, which came at `now`.
  package mutating func apply(_ event: OperationEvent, now: Double) {
    switch event {
    case .tasks(let names):
      for name in names { _ = place(of: name) }
    case .task(let progress): apply(progress, now: now)
    case .note(let task, let text): notes.append(task.map { "\($0.comm) (\($0.pid)): \(text)" } ?? text)
    case .done(let summary):
      outcome = .done(summary)
      endedAt = now
    case .failed(let problems):
      outcome = .failed(problems)
      endedAt = now
      for problem in problems {
        guard let pid = problem.task?.pid, let index = places[pid] else { continue }
        if lines[index].problem == nil { lines[index].problem = problem }
      }
    }
  }

  /// The index of a task's line, which is made if it is missing.
  private mutating func place(of task: TaskName) -> Int {
    if let index = places[task.pid] { return index }
    places[task.pid] = lines.count
    lines.append(TaskLine(task: task))
    return lines.count - 1
  }

  private mutating func apply(_ progress: TaskProgress, now: Double) {
    let index = place(of: progress.task)
    lines[index].task = progress.task
    lines[index].phase = progress.phase
    // A phase without memory does not take away what the memory phase has shown.
    if progress.total > 0 {
      lines[index].done = progress.done
      lines[index].total = progress.total
    }
    lines[index].firstNews = lines[index].firstNews ?? now
    lines[index].lastNews = now
  }

  /// Those that failed first, then those that lag behind, then the rest; within that in the engine's order.
  package var linesByUrgency: [TaskLine] {
    lines.enumerated().sorted { a, b in
      let (x, y) = (urgency(a.element), urgency(b.element))
      return x == y ? a.offset < b.offset : x < y
    }.map(\.element)
  }

  private func urgency(_ line: TaskLine) -> Double {
    if line.problem != nil { return -1 }
    if line.isAtEnd { return 3 }
    // Tasks without memory to move, as zombies, do not lag.
    return line.total > 0 ? line.fraction : 2
  }

  /// What came of it, in one line; `nil` while it runs.
  package var summary: String? {
    switch outcome {
    case .running, .cancelling: return nil
    case .failed where isCancelled: return "\(kind.rawValue) of \(subject) cancelled; nothing was changed"
    case .failed(let problems):
      let first = problems.first.map(\.description) ?? "no reason given"
      let more = problems.count > 1 ? " (and \(problems.count - 1) more: press E)" : ""
      return "\(kind.rawValue) of \(subject) failed: \(first)\(more)"
    case .done(let summary):
      var text = "\(kind.rawValue) of \(subject) done: \(Format.count(summary.tasks, "task"))"
      if kind == .checkpoint {
        text += ", stood still \(Format.duration(microseconds: summary.pauseMicroseconds))"
      }
      text += ", took \(Format.duration(microseconds: summary.elapsedMicroseconds))"
      if summary.bytes > 0 { text += ", \(Format.bytes(summary.bytes))" }
      let path = summary.image.isEmpty ? image : summary.image
      return path.isEmpty ? text : text + ", \(path)"
    }
  }
}
