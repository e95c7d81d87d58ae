import CheckpointImage
import CheckpointRestart
import ProcessTree
import Synchronization
import SystemCalls
import TerminalUI

/// An engine that does what the test says.
final class FakeEngine: EngineClient {
  struct State: Sendable {
    var report = CheckReport(problems: [], tasks: 1, threads: 1, zombies: 0, memoryBytes: 4096)
    /// Where it differs from the report.
    var problemsByRoot: [Int32: [Problem]] = [:]
    var checked: [TaskIdentity] = []
    var plan: Result<RestartPlan, Problem> = .success(
      RestartPlan(
        root: TaskName(pid: 5100, comm: "python3"), command: "python3 train.py", tasks: 4, threads: 10, zombies: 1,
        imageBytes: 123 << 20, memoryBytes: 456 << 20, time: 1_700_000_000, host: "beta", files: 7))
    var planned: [String] = []
    /// Of the requests that were planned.
    var detached: [Bool] = []
    var frozen: [TaskIdentity] = []
    var thawed: [TaskIdentity] = []
    var freezeProblem: Problem?
    var checkpoints: [CheckpointRequest] = []
    var restarts: [RestartRequest] = []
    var cancelled = 0
    var onEvent: (@Sendable (OperationEvent) -> Void)?
  }

  let state = Mutex(State())

  /// The engine's next event.
  func emit(_ event: OperationEvent) {
    let deliver = state.withLock { $0.onEvent }
    deliver?(event)
  }

  func check(_ root: TaskIdentity, accepting losses: Set<AcceptedLoss>) throws(Problem) -> CheckReport {
    state.withLock { state in
      state.checked.append(root)
      var report = state.report
      report.problems = state.problemsByRoot[root.pid] ?? report.problems
      report.problems.removeAll { $0.acceptableLoss.map(losses.contains) ?? false }
      return report
    }
  }

  func plan(_ request: RestartRequest) throws(Problem) -> RestartPlan {
    let result = state.withLock { state in
      state.planned.append(request.source)
      state.detached.append(request.detached)
      return state.plan
    }
    var plan = try result.get()
    plan.problems.removeAll { $0.acceptableLoss.map(request.acceptedLosses.contains) ?? false }
    if request.isForNewPidNamespace { plan.problems.removeAll(where: \.isTakenNumber) }
    return plan
  }

  func freeze(_ root: TaskIdentity) throws(Problem) -> OperationSummary {
    if let problem = state.withLock({ $0.freezeProblem }) { throw problem }
    state.withLock { $0.frozen.append(root) }
    return OperationSummary(operation: "freeze", root: root.pid, tasks: 2)
  }

  func thaw(_ root: TaskIdentity) throws(Problem) -> OperationSummary {
    state.withLock { $0.thawed.append(root) }
    return OperationSummary(operation: "thaw", root: root.pid, tasks: 2)
  }

  func checkpoint(
    _ request: CheckpointRequest, onEvent: @escaping @Sendable (OperationEvent) -> Void
  ) -> any RunningOperation {
    state.withLock { state in
      state.checkpoints.append(request)
      state.onEvent = onEvent
    }
    return FakeOperation(engine: self)
  }

  func restart(
    _ request: RestartRequest, onEvent: @escaping @Sendable (OperationEvent) -> Void
  ) -> any RunningOperation {
    state.withLock { state in
      state.restarts.append(request)
      state.onEvent = onEvent
    }
    return FakeOperation(engine: self)
  }
}

private struct FakeOperation: RunningOperation {
  let engine: FakeEngine
  func cancel() { engine.state.withLock { $0.cancelled += 1 } }
}

/// Remembers what was to be restarted; the root is 6200 outside of its namespace.
final class FakeLauncher: RestartLauncher {
  let inNamespace = Mutex<[RestartRequest]>([])

  func foreground(_ request: RestartRequest, inNewPidNamespace: Bool) -> [String] {
    ["crtop", "restart"] + (inNewPidNamespace ? ["--new-pid-namespace"] : []) + [request.source]
  }

  func restartInNewPidNamespace(_ request: RestartRequest) -> any FollowedOperation {
    inNamespace.withLock { $0.append(request) }
    return Followed()
  }

  private struct Followed: FollowedOperation {
    let process: Int32 = 0
    func cancel() {}
    func follow(_ onEvent: (OperationEvent) -> Void) -> OperationEvent {
      onEvent(.task(TaskProgress(task: TaskName(pid: 5100, comm: "python3"), phase: .commit)))
      return .done(OperationSummary(operation: "restart", root: 6200, tasks: 4))
    }
  }
}

/// A catalogue in memory.
final class FakeImages: ImageCatalogue {
  let entries = Mutex<[ImageEntry]>([])
  let deleted = Mutex<[String]>([])
  let damaged = Mutex<[String: Problem]>([:])
  let contents = Mutex<[String: ImageContent]>([:])

  /// Outside of the store, by path.
  let elsewhere = Mutex<[String: ImageEntry]>([:])
  /// What stands in the way of an image, by path; and how much room there is.
  let obstacles = Mutex<[String: Problem]>([:])
  let free = Mutex<UInt64?>(nil)

  func destination(_ path: String) throws(Problem) -> DestinationReport {
    if let problem = obstacles.withLock({ $0[path] }) { throw problem }
    return DestinationReport(
      replacesImage: entries.withLock { $0.contains { $0.path == path } }, freeBytes: free.withLock { $0 })
  }

  func entry(_ path: String) -> ImageEntry {
    if var entry = elsewhere.withLock({ $0[path] }) {
      entry.identity = FileIdentity(device: 2, inode: UInt64(path.utf8.count), size: 1, modified: 1)
      return entry
    }
    let gone = Problem(errno: .noSuchFileOrDirectory, what: "the image \(path)", why: "there is none")
    return ImageEntry(path: path, time: 0, bytes: 0, problem: gone)
  }

  func list() throws(Problem) -> [ImageEntry] {
    entries.withLock { $0 }.map { entry in
      var entry = entry
      entry.identity = identity(entry.path)
      return entry
    }
  }

  /// Another time of modification is another file.
  func identity(_ path: String) -> FileIdentity? {
    entries.withLock { $0.first { $0.path == path } }.map {
      FileIdentity(device: 1, inode: UInt64($0.path.utf8.count), size: Int64($0.bytes), modified: $0.time)
    }
  }

  func content(_ path: String) throws(Problem) -> ImageContent {
    guard let content = contents.withLock({ $0[path] }) else {
      throw Problem(errno: .noSuchFileOrDirectory, what: "the image \(path)", why: "there is none")
    }
    return content
  }

  func verify(_ path: String) throws(Problem) -> FileIdentity {
    if let problem = damaged.withLock({ $0[path] }) { throw problem }
    guard let identity = identity(path) else { throw Problem(errno: .noSuchFileOrDirectory, what: path, why: "gone") }
    return identity
  }

  func delete(_ path: String) throws(Problem) {
    entries.withLock { $0.removeAll { $0.path == path } }
    deleted.withLock { $0.append(path) }
  }

  func defaultDestination(pid: Int32, comm: String) throws(Problem) -> String { "/images/\(comm)-\(pid).crtop" }
}

/// A memory that outlives the screen.
final class FakeMemory: VerificationMemory {
  let known = Mutex<[String: (FileIdentity, Int64)]>([:])
  func recall() -> [FileIdentity: Int64] {
    known.withLock { Dictionary($0.values.map { ($0.0, $0.1) }) { $1 } }
  }
  func remember(_ path: String, _ identity: FileIdentity?, at time: Int64) {
    known.withLock { $0[path] = identity.map { ($0, time) } }
  }
}

/// Remembers what was sent to whom.
final class FakeSignals: SignalSender {
  let sent = Mutex<[(SignalNumber, ProcessIdentity)]>([])
  let niced = Mutex<[(Int, Int32)]>([])
  let problem = Mutex<Errno?>(nil)

  func send(_ signal: SignalNumber, to process: ProcessIdentity) throws(Errno) {
    if let problem = problem.withLock({ $0 }) { throw problem }
    sent.withLock { $0.append((signal, process)) }
  }

  /// Nice values begin at 0.
  func renice(_ process: ProcessIdentity, by step: Int) throws(Errno) -> Int {
    if let problem = problem.withLock({ $0 }) { throw problem }
    return niced.withLock { niced in
      let value = (niced.last { $0.1 == process.pid }?.0 ?? 0) + step
      niced.append((value, process.pid))
      return value
    }
  }
}

/// Knows the sections that the test gives it.
final class FakeInspector: TaskInspector {
  let known = Mutex<[DetailSection]>([])
  func sections(of process: ProcessIdentity) -> [DetailSection] { known.withLock { $0 } }
}

/// Runs nothing by itself: the test decides when "the other thread" gets to work.
final class FakeBackground: Background {
  private let work = Mutex<[@Sendable () -> News]>([])
  private let news = Mutex<[News]>([])

  func run(_ work: @escaping @Sendable () -> News) { self.work.withLock { $0.append(work) } }
  func deliver(_ news: News) { self.news.withLock { $0.append(news) } }

  /// Does all work that is waiting and hands the application its news.
  func catchUp(_ app: Application) {
    let waiting = work.withLock { work in
      defer { work = [] }
      return work
    }
    for item in waiting { deliver(item()) }
    let arrived = news.withLock { news in
      defer { news = [] }
      return news
    }
    for item in arrived { app.receive(item) }
  }
}

final class FakeProcesses: ProcessSource {
  var records: [ProcessRecord]
  var machine = MachineStatus()

  init(_ records: [ProcessRecord]) {
    self.records = records
    (machine.load1, machine.memoryTotal, machine.memoryAvailable, machine.processors) = (0.5, 8 << 30, 6 << 30, 4)
    machine.cpuPercent = 25
  }

  func snapshot() -> ProcessSnapshot {
    ProcessSnapshot(tree: ProcessTree(records), machine: machine)
  }

  func expectMovedProcesses() {}

  func threads(of pid: Int32) throws(Errno) -> [ThreadRecord] {
    guard pid == 100 else { return [] }
    return [(100, "python3"), (104, "loader"), (105, "io")].map { tid, comm in
      ThreadRecord(tid: tid, comm: comm, state: .sleeping, cpuTicks: 0)
    }
  }
}

final class FakeClock: Clock {
  private let time = Mutex(1000.0)
  var monotonic: Double { time.withLock { $0 } }
  var real: Int64 { 1_700_000_000 }
  func advance(_ seconds: Double) { time.withLock { $0 += seconds } }
}
