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
  /// Losses that remedies have offered to accept, and those of them that the last question took as accepted.
  private(set) var offered: Set<AcceptedLoss>
  private(set) var accepted: Set<AcceptedLoss> = []
  private var ticket = 0
  private var askedAt = 0.0
  private var answeredAt = 0.0
  private var isAsking = false
  private var hasEnded = false

  /// - Parameter offered: losses that this job's earlier refusals have offered to accept.
  init(_ job: SubtreeSummary, offered: Set<AcceptedLoss>) { (self.job, self.offered) = (job, offered) }

  /// The last answer, which was about these losses, lets it be checkpointed.
  var isGood: Bool { !isRunning && !hasEnded && report != nil && problems.isEmpty }

  /// Asks the engine whether it would do if these losses were accepted, as far as they concern this job. What it has said
  /// before stays in sight.
  func start(accepting losses: Set<AcceptedLoss>, in app: Application) {
    ticket = app.ticket()
    isRunning = true
    accepted = losses.intersection(offered)
    ask(app)
  }

  /// The boxes have changed, and that makes a difference to this job.
  func acceptedMayHaveChanged(_ losses: Set<AcceptedLoss>, in app: Application) {
    if losses.intersection(offered) != accepted { start(accepting: losses, in: app) }
  }

  private func ask(_ app: Application) {
    isAsking = true
    askedAt = app.now
    app.services.background.run { [engine = app.services.engine, root = job.root.taskIdentity, accepted, ticket] in
      .checked(ticket: ticket, Application.result { () throws(Problem) in try engine.check(root, accepting: accepted) })
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
    offered.formUnion(problems.compactMap(\.acceptableLoss))
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

  /// How many things are in the way; `nil`: that is not known yet.
  var obstacles: Int? { isRunning || (report == nil && problems.isEmpty) ? nil : problems.count }

  /// What is to be said of it, with the reasons.
  var lines: [StyledLine] {
    var lines: [StyledLine] = []
    if isRunning {
      lines.append(StyledLine("Check is running ...", .dialogDim))
    } else if isGood {
      let given = accepted.isEmpty ? "exactly" : "with what is accepted below"
      lines.append(StyledLine("Check passed: it can be checkpointed \(given).", .good))
    } else {
      let count = Format.count(problems.count, "reason")
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
      return problem.remedy.isEmpty
        ? [reason] : [reason, StyledLine("   Remedy: \(problem.remedy(.inItsDialog))", .information)]
    }
  }
}
