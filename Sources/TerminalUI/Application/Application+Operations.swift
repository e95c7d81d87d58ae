/// Queues operations, starts them one after another beside the event loop, and takes in what they report.

internal import CLinux
package import CheckpointRestart
package import ProcessTree
internal import SystemCalls

extension Application {
  // MARK: Starting

  /// Starts a checkpoint, or queues it behind what runs.
  package func start(_ request: CheckpointRequest, subject: String, plan: CheckpointPlan? = nil) {
    let operation = OperationModel(
      id: ticket(), kind: .checkpoint, subject: subject, image: request.destination, root: request.root,
      acceptedLosses: request.acceptedLosses, plan: plan, time: services.clock.real)
    enqueue(operation) {
      [engine = services.engine, background = services.background] id in
      engine.checkpoint(request) { background.deliver(.operation(id: id, $0)) }
    }
  }

  /// Starts a restart, or queues it behind what runs.
  package func start(_ request: RestartRequest, inNewPidNamespace: Bool = false, subject: String) {
    let operation = OperationModel(
      id: ticket(), kind: .restart, subject: subject, image: request.source, acceptedLosses: request.acceptedLosses,
      time: services.clock.real)
    enqueue(operation) {
      [engine = services.engine, launcher = services.launcher, background = services.background] id in
      let tell: @Sendable (OperationEvent) -> Void = { background.deliver(.operation(id: id, $0)) }
      guard inNewPidNamespace, let launcher else { return engine.restart(request, onEvent: tell) }
      let operation = launcher.restartInNewPidNamespace(request)
      background.run { .operation(id: id, operation.follow(tell)) }
      return operation
    }
  }

  private func enqueue(_ operation: OperationModel, _ start: @escaping (Int) -> any RunningOperation) {
    guard !isReadOnly else { return tell("read-only: no \(operation.kind.rawValue) is possible", .warning) }
    starters[operation.id] = start
    operations.enqueue(operation)
    if operations.running != nil {
      tell("\(operation.name) waits for its turn: o shows the queue", .information)
    }
    startNext()
  }

  /// Starts the next operation of the queue unless one runs.
  private func startNext() {
    guard let next = operations.beginNext(at: now), let start = starters.removeValue(forKey: next.id) else { return }
    if notice?.until != nil, operations.queued.isEmpty { notice = nil }
    panelTop = 0
    running = start(next.id)
  }

  /// A number that news can be told by.
  func ticket() -> Int {
    defer { nextTicket += 1 }
    return nextTicket
  }

  /// Asks the running operation to stop and undo what it did.
  package func cancelOperation() {
    guard operations.running != nil else { return }
    operations.markCancelling()
    running?.cancel()
  }

  /// Cancels one operation: the running one is undone, a waiting one leaves the queue.
  package func cancel(operation id: Int) {
    if operations.running?.id == id {
      cancelOperation()
    } else if operations.withdraw(id, at: now) {
      starters[id] = nil
    }
  }

  /// Empties the queue.
  func withdrawAll() { for operation in operations.queued { cancel(operation: operation.id) } }

  /// Turns a throwing call into a value that can be sent.
  static func result<Value>(_ body: () throws(Problem) -> Value) -> Result<Value, Problem> {
    do throws(Problem) { return .success(try body()) } catch { return .failure(error) }
  }

  // MARK: News

  /// Takes in news from other threads.
  package func receive(_ news: News) {
    switch news {
    case .sampled(let sample):
      isRefreshing = false
      return take(sample)
    case .operation(let id, let event): receive(event, of: id)
    case .froze(let root, let result): tellResult(result, "\(root.comm) (\(root.pid))", "freeze", "is frozen")
    case .thawed(let root, let result): tellResult(result, "\(root.comm) (\(root.pid))", "thaw", "goes on")
    case .verified(let path, let identity, .success):
      verdicts.set(.verified(services.clock.real), for: path, identity)
    case .verified(let path, let identity, .failure(let problem)):
      verdicts.set(.damaged(problem), for: path, identity)
      report(problem, during: "verification of \(path)")
    case .opened(let image):
      if let problem = image.problem { report(problem, during: "open") } else { openedImages.append(image.path) }
    case .checked(let ticket, let result): if marks.receive(ticket, result, now: now) { return }
    default: break
    }
    for overlay in overlays { overlay.receive(news, in: self) }
  }

  private func receive(_ event: OperationEvent, of id: Int) {
    guard let ended = operations.apply(event, to: id, now: now) else { return }
    let child = (running as? any FollowedOperation)?.process
    running = nil
    if notice?.until != nil { notice = nil }
    wantsRefresh = true
    haveProcessesMoved = true
    switch ended.outcome {
    case .done(let summary) where ended.kind == .restart:
      restartedRoots[child ?? summary.root] = summary.root
      selectionToCome = summary.root
    case .done(let summary):
      forecast.learn(from: ended, summary)
      // A checkpoint reads its image back before it gives it its name.
      rememberVerified(summary.image)
      openedImages.append(summary.image)
    case .failed(let problems) where !ended.isCancelled:
      for problem in problems { errors.add(problem, during: ended.name, time: services.clock.real) }
    default: break
    }
    if exitStatusWhenIdle == nil { startNext() }
    endIfIdle()
  }

  /// An image is whole, as has been seen just now.
  private func rememberVerified(_ path: String) {
    guard !path.isEmpty else { return }
    services.background.run { [images = services.images, memory = services.verifications, time = services.clock.real] in
      let identity = images.identity(path)
      if let identity { memory?.remember(path, identity, at: time) }
      return .verified(path: path, identity, .success(()))
    }
  }

  // MARK: Children

  /// A restarted root, or the first process of its pid namespace, may be a child of this process; somebody must take its
  /// exit status, or it stays a zombie.
  ///
  /// Not while an operation runs: its tracer's children are waited for by its own thread alone.
  func reapRestartedRoots() {
    guard operations.running == nil else { return }
    for (pid, root) in restartedRoots {
      var status: Int32 = 0
      guard let got = try? systemCall({ unsafe waitpid(pid, &status, WNOHANG) }) else {
        restartedRoots[pid] = nil
        continue
      }
      guard got == pid else { continue }
      restartedRoots[pid] = nil
      // The first process of a namespace has a status of its own.
      let ending = pid == root ? ": \(ExitStatus(rawValue: status))" : ""
      tell("the restarted job \(root) has ended\(ending)", .information)
    }
  }
}

extension ProcessRecord {
  /// For the engine.
  package var taskIdentity: TaskIdentity { TaskIdentity(pid: pid, startTime: startTime) }
}
