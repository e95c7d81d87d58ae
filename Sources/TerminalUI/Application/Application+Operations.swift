/// Starts operations beside the event loop and takes in what they report.

internal import CLinux
package import CheckpointRestart
package import ProcessTree
internal import SystemCalls

extension Application {
  // MARK: Starting

  /// Starts a checkpoint; one operation at a time, as each stops and watches tasks of its own.
  package func start(_ request: CheckpointRequest, subject: String) {
    begin(.checkpoint, subject: subject, image: request.destination) {
      [engine = services.engine, background = services.background] id in
      engine.checkpoint(request) { background.deliver(.operation(id: id, $0)) }
    }
  }

  /// Starts a restart.
  package func start(_ request: RestartRequest, subject: String) {
    begin(.restart, subject: subject, image: request.source) {
      [engine = services.engine, background = services.background] id in
      engine.restart(request) { background.deliver(.operation(id: id, $0)) }
    }
  }

  private func begin(
    _ kind: OperationModel.Kind, subject: String, image: String, _ start: (Int) -> any RunningOperation
  ) {
    guard operation?.isRunning != true else {
      tell("an operation is running: wait for it, or cancel it with Esc", .warning)
      return
    }
    let id = ticket()
    notice = nil
    operation = OperationModel(id: id, kind: kind, subject: subject, image: image, startedAt: now)
    running = start(id)
  }

  /// A number that news can be told by.
  func ticket() -> Int {
    defer { nextTicket += 1 }
    return nextTicket
  }

  /// Asks the running operation to stop and undo what it did.
  package func cancelOperation() {
    guard operation?.isRunning == true else { return }
    operation?.markCancelling()
    running?.cancel()
  }

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

  /// Turns a throwing call into a value that can be sent.
  static func result<Value>(_ body: () throws(Problem) -> Value) -> Result<Value, Problem> {
    do throws(Problem) { return .success(try body()) } catch { return .failure(error) }
  }

  // MARK: News

  /// Takes in news from other threads.
  package func receive(_ news: News) {
    switch news {
    case .operation(let id, let event): receive(event, of: id)
    case .froze(let root, let result): tellResult(result, "\(root.comm) (\(root.pid))", "freeze", "is frozen")
    case .thawed(let root, let result): tellResult(result, "\(root.comm) (\(root.pid))", "thaw", "goes on")
    case .checked(let ticket, let result): if marks.receive(ticket, result, now: now) { return }
    case .images, .verified, .deleted: break
    }
    for overlay in overlays { overlay.receive(news, in: self) }
  }

  private func tellResult(_ result: Result<OperationSummary, Problem>, _ name: String, _ what: String, _ now: String) {
    wantsRefresh = true
    services.processes.expectMovedProcesses()
    changesUnderWay -= 1
    defer { endIfIdle() }
    switch result {
    case .success(let summary): tell("\(name) \(now): \(Format.count(summary.tasks, "task"))", .good)
    case .failure(let problem): report(problem, during: "\(what) \(name)")
    }
  }

  private func receive(_ event: OperationEvent, of id: Int) {
    guard operation?.id == id else { return }
    operation?.apply(event, now: now)
    guard let ended = operation, !ended.isRunning else { return }
    running = nil
    if notice?.until != nil { notice = nil }
    history.append(ended)
    if history.count > 50 { history.removeFirst() }
    wantsRefresh = true
    services.processes.expectMovedProcesses()
    switch ended.outcome {
    case .done(let summary) where ended.kind == .restart:
      restartedRoots.insert(summary.root)
      selectionToCome = summary.root
    case .failed(let problems) where !ended.isCancelled:
      for problem in problems {
        errors.add(problem, during: "\(ended.kind.rawValue) of \(ended.subject)", time: services.clock.real)
      }
    default: break
    }
    endIfIdle()
  }

  // MARK: Children

  /// A restarted root may be a child of this process; somebody must take its exit status, or it stays a zombie.
  ///
  /// Not while an operation runs: its tracer's children are waited for by its own thread alone.
  func reapRestartedRoots() {
    guard operation?.isRunning != true else { return }
    for pid in restartedRoots {
      var status: Int32 = 0
      guard let got = try? systemCall({ unsafe waitpid(pid, &status, WNOHANG) }) else {
        restartedRoots.remove(pid)
        continue
      }
      guard got == pid else { continue }
      restartedRoots.remove(pid)
      tell("the restarted job \(pid) has ended: \(ExitStatus(rawValue: status))", .information)
    }
  }
}

extension ProcessRecord {
  /// For the engine.
  package var taskIdentity: TaskIdentity { TaskIdentity(pid: pid, startTime: startTime) }
}
