/// Defines `JobCheck`, the preflight of one job while a dialog is open: asked for again as the job changes.

internal import CheckpointRestart
internal import ProcessTree
internal import SystemCalls

/// Shared by a dialog's text and its buttons.
final class JobCheck {
  /// The job as the last snapshot shows it.
  private(set) var job: SubtreeSummary
  /// No answer yet; a repeated check keeps the old answer until the new one comes.
  private(set) var isRunning = false
  private(set) var report: CheckReport?
  private(set) var problems: [Problem] = []
  private var ticket = 0
  private var askedAt = 0.0
  private var answeredAt = 0.0
  private var isAsking = false
  private var hasEnded = false

  init(_ job: SubtreeSummary) { self.job = job }

  /// What stands in the way although these losses are accepted.
  func obstacles(accepting losses: Set<AcceptedLoss>) -> [Problem] {
    problems.filter { problem in !(problem.acceptableLoss.map(losses.contains) ?? false) }
  }

  func isGood(accepting losses: Set<AcceptedLoss>) -> Bool {
    !isRunning && !hasEnded && report != nil && obstacles(accepting: losses).isEmpty
  }

  /// Asks the engine.
  func start(in app: Application) {
    ticket = app.ticket()
    isRunning = true
    (report, problems) = (nil, [])
    ask(app)
  }

  private func ask(_ app: Application) {
    isAsking = true
    askedAt = app.now
    app.services.background.run { [engine = app.services.engine, root = job.root.taskIdentity, ticket] in
      .checked(ticket: ticket, Application.result { () throws(Problem) in try engine.check(root) })
    }
  }

  /// Takes the answer, if it is one to the last question; whether it was.
  func receive(_ news: News, in app: Application) -> Bool {
    guard case .checked(ticket, let result) = news else { return false }
    (isRunning, isAsking) = (false, false)
    answeredAt = app.now
    switch result {
    case .success(let report): (self.report, problems) = (report, report.problems)
    case .failure(let problem): (report, problems) = (nil, [problem])
    }
    if app.model.tree.subtree(of: job.root.identity).contains(where: { $0.pid == app.services.ownPid }) {
      problems = [app.ownSubtreeProblem(job.root)]
    }
    return true
  }

  /// After a snapshot: follows the job, and asks again when the last answer is old. A check that took long is repeated
  /// seldom, since it costs the machine something.
  func refresh(in app: Application) {
    guard let current = SubtreeSummary(app.model.tree.subtree(of: job.root.identity)) else {
      hasEnded = true
      problems = [
        Problem(task: job.root.name, errno: .noSuchProcess, what: "the job", why: "it has ended", remedy: "")
      ]
      return
    }
    job = current
    if !isAsking && app.now - answeredAt >= max(2, 20 * (answeredAt - askedAt)) { ask(app) }
  }

  /// What is to be said of it, with the reasons.
  func lines(accepting losses: Set<AcceptedLoss>) -> [StyledLine] {
    var lines: [StyledLine] = []
    if isRunning {
      lines.append(StyledLine("Check is running ...", .dialogDim))
    } else if isGood(accepting: losses) {
      let given = problems.isEmpty ? "exactly" : "with the losses accepted below"
      lines.append(StyledLine("Check passed: it can be checkpointed \(given).", .good))
    } else {
      let count = Format.count(obstacles(accepting: losses).count, "reason")
      lines.append(StyledLine("Check failed: it cannot be checkpointed, for \(count):", .error))
    }
    lines += Self.reasons(problems)
    if !problems.isEmpty && !isRunning {
      lines.append(StyledLine("To see what each of these is: Esc, then i on the task, and Tab.", .dialogDim))
    }
    return lines
  }

  /// Problems with numbers and remedies.
  static func reasons(_ problems: [Problem]) -> [StyledLine] {
    problems.enumerated().flatMap { index, problem -> [StyledLine] in
      let task = problem.task.map { "\($0.comm) (\($0.pid)): " } ?? ""
      let reason = StyledLine("\(index + 1). \(task)\(problem.what): \(problem.why) [\(problem.code)]", .dialog)
      return problem.remedy.isEmpty ? [reason] : [reason, StyledLine("   Remedy: \(problem.remedy)", .information)]
    }
  }
}
