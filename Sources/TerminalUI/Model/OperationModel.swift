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
    /// Waits for its turn.
    case queued
    case running
    case cancelling
    case done(OperationSummary)
    case failed([Problem])
    /// Taken out of the queue before it began.
    case withdrawn
  }

  package let id: Int
  package let kind: Kind
  /// The root of the subtree, or the command of the image.
  package let subject: String
  /// The image's path.
  package let image: String
  /// Of a checkpoint: the job's root.
  package let root: TaskIdentity?
  package let acceptedLosses: Set<AcceptedLoss>
  /// What a checkpoint is to do, as far as it was known when it was asked for.
  package let plan: CheckpointPlan?
  /// When it was asked for, in seconds since 1970.
  package let time: Int64
  /// Monotonic seconds; `nil` as long as it waits.
  package private(set) var startedAt: Double?
  package private(set) var endedAt: Double?
  package private(set) var lines: [TaskLine] = []
  private var places: [Int32: Int] = [:]
  package private(set) var notes: [String] = []
  package private(set) var outcome: Outcome
  private var wasCancelled = false
  private var progress: OperationProgress

  /// - Parameter startedAt: `nil`: it has to wait; `begin` says when it is its turn.
  package init(
    id: Int, kind: Kind, subject: String, image: String, root: TaskIdentity? = nil,
    acceptedLosses: Set<AcceptedLoss> = [], startedAt: Double? = nil, plan: CheckpointPlan? = nil, time: Int64 = 0
  ) {
    self.id = id
    self.kind = kind
    self.subject = subject
    self.image = image
    self.root = root
    self.acceptedLosses = acceptedLosses
    self.startedAt = startedAt
    self.plan = plan
    self.time = time
    progress = OperationProgress(kind)
    outcome = startedAt == nil ? .queued : .running
  }

  package var isQueued: Bool { startedAt == nil && endedAt == nil }
  package var isRunning: Bool { startedAt != nil && endedAt == nil }

  /// `checkpoint of python3 (1234)`.
  package var name: String { "\(kind.rawValue) of \(subject)" }

  /// Its turn has come.
  package mutating func begin(at now: Double) {
    guard isQueued else { return }
    startedAt = now
    outcome = .running
  }

  /// It will not begin any more.
  package mutating func withdraw(at now: Double) {
    guard isQueued else { return }
    endedAt = now
    outcome = .withdrawn
  }

  /// Ended because the user wanted it: nothing to be alarmed about.
  package var isCancelled: Bool {
    guard wasCancelled, case .failed(let problems) = outcome else { return false }
    return problems.allSatisfy { $0.errno == .canceled }
  }

  /// Seconds so far, or in all.
  package func elapsed(now: Double) -> Double { startedAt.map { (endedAt ?? now) - $0 } ?? 0 }

  /// How far all tasks are, 0 to 1; it never goes back.
  package var fraction: Double { progress.fraction }

  /// Bytes of memory, of all tasks; and the share of it that `fraction` says.
  package var total: UInt64 { progress.total }
  package var done: UInt64 { progress.done }

  /// Bytes a second in the last seconds; `nil` while nothing moves or too little is known.
  package func rate(now: Double) -> Double? { isRunning ? progress.rate(now: now) : nil }

  /// Seconds until all memory is done, if it goes on as fast.
  package func secondsLeft(now: Double) -> Double? { isRunning ? progress.secondsLeft(now: now) : nil }

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
    self.progress.add(progress, at: now)
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
    case .queued, .running, .cancelling: return nil
    case .withdrawn: return "\(name) taken out of the queue before it began"
    case .failed where isCancelled: return "\(name) cancelled; nothing was changed"
    case .failed(let problems):
      let first = problems.first.map(\.lineOnScreen) ?? "no reason given"
      let more = problems.count > 1 ? " (and \(problems.count - 1) more: press E)" : ""
      return "\(name) failed: \(first)\(more)"
    case .done(let summary):
      var text = "\(name) done: \(Format.count(summary.tasks, "task"))"
      if kind == .checkpoint {
        switch plan?.after {
        case .kill: text += ", then KILLED"
        case .leaveFrozen: text += ", left FROZEN: z thaws it"
        default: text += ", stood still \(Format.duration(microseconds: summary.pauseMicroseconds))"
        }
      }
      text += ", took \(Format.duration(microseconds: summary.elapsedMicroseconds))"
      if summary.bytes > 0 { text += ", " + size(summary.bytes) }
      let losses = AcceptedLoss.allCases.filter(acceptedLosses.contains).map(\.inWords)
      if !losses.isEmpty { text += ", ACCEPTED: \(losses.joined(separator: "; "))" }
      let path = summary.image.isEmpty ? image : summary.image
      return path.isEmpty ? text : text + ", \(path)"
    }
  }

  /// The image's size, and what part it is of the memory that was looked through.
  private func size(_ bytes: UInt64) -> String {
    guard kind == .checkpoint, total > 0 else { return Format.bytes(bytes) }
    let percent = Format.decimal(Double(bytes) / Double(total) * 100, 0)
    return "\(Format.bytes(bytes)) (\(percent)% of \(Format.bytes(total)))"
  }
}
