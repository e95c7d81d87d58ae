/// Freezes and thaws subtrees beside the event loop.

internal import CheckpointRestart
internal import ProcessTree
internal import SystemCalls

extension Application {
  /// Thaws a frozen subtree; freezes another after a question, since that stops a job.
  func freezeOrThaw() {
    guard let process = selection(), let subtree = SubtreeSummary(model.selectedSubtree) else { return }
    if process.state == .frozen {
      thaw(process)
    } else if model.selectedSubtree.contains(where: { $0.pid == services.ownPid }) {
      report(ownSubtreeProblem(process), during: "freeze")
    } else {
      present(Dialogs.freeze(subtree))
    }
  }

  func ownSubtreeProblem(_ root: ProcessRecord) -> Problem {
    Problem(
      task: root.name, errno: .deadlock, what: "this crtop is one of its descendants",
      why: "it would stop itself and could not let the job go on",
      remedy: "select a subtree without it, or run crtop from elsewhere")
  }

  func freeze(_ root: ProcessRecord) {
    tell("freezing \(root.comm) (\(root.pid)) \(Glyphs.ascii.more)")
    changesUnderWay += 1
    services.background.run { [engine = services.engine] in
      .froze(root: root.name, Self.result { () throws(Problem) in try engine.freeze(root.taskIdentity) })
    }
  }

  private func thaw(_ root: ProcessRecord) {
    tell("thawing \(root.comm) (\(root.pid)) \(Glyphs.ascii.more)")
    changesUnderWay += 1
    services.background.run { [engine = services.engine] in
      .thawed(root: root.name, Self.result { () throws(Problem) in try engine.thaw(root.taskIdentity) })
    }
  }

  /// Tells what came of a freeze or a thaw.
  func tellResult(_ result: Result<OperationSummary, Problem>, _ name: String, _ what: String, _ now: String) {
    wantsRefresh = true
    haveProcessesMoved = true
    changesUnderWay -= 1
    defer { endIfIdle() }
    switch result {
    case .success(let summary): tell("\(name) \(now): \(Format.count(summary.tasks, "task"))", .good)
    case .failure(let problem): report(problem, during: "\(what) \(name)")
    }
  }
}
