import CheckpointRestart
import ProcessTree
import SystemCalls
import Synchronization
import Testing
import TerminalUI

@Suite struct OperationTests {
  private let job = TaskName(pid: 100, comm: "python3")
  private let worker = TaskName(pid: 101, comm: "worker")
  private let helper = TaskName(pid: 102, comm: "helper")

  /// A checkpoint of 100 that has been started.
  private func started(_ width: Int = 80, _ height: Int = 24) -> Screen {
    let screen = Screen(width: width, height: height)
    screen.type("100")
    screen.press(.character("D"))
    screen.catchUp()
    screen.press(.enter)
    return screen
  }

  @Test(arguments: [(40, 10), (80, 24), (200, 50)])
  func progressIsSeenUnderTheLiveTree(width: Int, height: Int) throws {
    let screen = started(width, height)
    screen.engine.emit(.tasks([job, worker, helper]))
    for task in [job, worker] { screen.engine.emit(.task(TaskProgress(task: task, phase: .memory, total: 40 << 20))) }
    screen.engine.emit(.task(TaskProgress(task: job, phase: .memory, done: 30 << 20, total: 40 << 20)))
    screen.engine.emit(.task(TaskProgress(task: worker, phase: .memory, done: 10 << 20, total: 40 << 20)))
    screen.catchUp()
    #expect(screen.text.contains("Checkpoint of python3 (100)"))
    // Read is half of it: it has to be written as well.
    #expect(screen.text.contains("25%"))
    #expect(screen.row(with: "init") != nil || screen.row(with: "sleeping") != nil)
    if height >= 24 {
      #expect(screen.text.contains("30M/40M") && screen.text.contains("20M/80M"))
      // The one that lags stands above the one that is ahead.
      let panel = try #require(screen.row(with: "Checkpoint of"))
      #expect(screen.canvas.text(row: panel + 1).hasPrefix("worker (101)"))
      #expect(screen.canvas.text(row: panel + 2).hasPrefix("python3 (100)"))
    }
    // The screen is alive meanwhile.
    screen.press(.down)
    #expect(screen.app.model.selected?.pid == 101)
  }

  @Test func theSummaryStaysUntilDismissed() {
    let screen = started()
    screen.engine.emit(
      .done(
        OperationSummary(
          operation: "checkpoint", image: "/images/python3-100.crtop", root: 100, tasks: 4, threads: 10, zombies: 1,
          bytes: 123 << 20, pauseMicroseconds: 900, elapsedMicroseconds: 1_234_567)))
    screen.catchUp()
    for _ in 0..<3 {
      screen.clock.advance(60)
      _ = screen.app.tick()
      screen.refresh()
    }
    let text = screen.text.split(separator: "\n").map(String.init).joined(separator: " ")
    for part in ["done: 4 tasks", "stood still 900 us", "took 1.2 s", "123M", "/images/python3-100.crtop"] {
      #expect(text.contains(part), "\(part)")
    }
    screen.press(.escape)
    #expect(!screen.text.contains("done: 4 tasks"))
    screen.press(.character("o"))
    #expect(screen.text.contains("done: 4 tasks"))
  }

  @Test func failureNamesTaskAndReasonAndGoesToTheErrors() {
    let screen = started()
    screen.engine.emit(.tasks([job, worker]))
    screen.engine.emit(.failed([socketProblem, socketProblem]))
    screen.catchUp()
    #expect(screen.text.contains("failed: worker (101): descriptor 5 is a socket"))
    #expect(screen.text.contains("2 errors: E"))
    #expect(screen.app.errors.entries.count == 2)
    screen.press(.character("E"))
    #expect(screen.text.contains("checkpoint of python3 (100)"))
    #expect(screen.text.contains("Remedy: close the connection"))
  }

  @Test func failedTasksStandOnTop() {
    var operation = OperationModel(id: 1, kind: .checkpoint, subject: "x", image: "", startedAt: 0)
    operation.apply(.tasks([job, helper, worker]), now: 0)
    operation.apply(.task(TaskProgress(task: job, phase: .resume)), now: 1)
    operation.apply(.failed([socketProblem]), now: 2)
    #expect(operation.linesByUrgency.map(\.task.pid) == [101, 102, 100])
    #expect(!operation.isRunning)
  }

  @Test func escCancels() {
    let screen = started()
    #expect(screen.app.operation?.isRunning == true)
    screen.press(.escape)
    #expect(screen.engine.state.withLock { $0.cancelled } == 1)
    #expect(screen.text.contains("Cancelling"))
    #expect(screen.app.operation?.isRunning == true)
    screen.engine.emit(.failed([Problem(errno: .canceled, what: "checkpoint", why: "cancelled by the user")]))
    screen.catchUp()
    #expect(screen.app.operation?.isRunning == false)
    #expect(screen.text.contains("checkpoint of python3 (100) cancelled; nothing was changed"))
    #expect(screen.app.errors.entries.isEmpty)
  }

  @Test func theNextWaitsForItsTurn() {
    let screen = started()
    screen.engine.emit(.tasks([job]))
    screen.type("103")
    screen.press(.character("D"))
    screen.catchUp()
    screen.press(.enter)
    // Only the first has begun; the panel says that one waits.
    #expect(screen.engine.state.withLock { $0.checkpoints.map(\.root.pid) } == [100])
    #expect(screen.app.operations.queued.map(\.subject) == ["frost (103)"])
    #expect(screen.text.contains("1 waiting: o"))
    screen.engine.emit(.done(OperationSummary(operation: "checkpoint", image: "/a", root: 100, tasks: 4)))
    screen.catchUp()
    #expect(screen.engine.state.withLock { $0.checkpoints.map(\.root.pid) } == [100, 103])
    #expect(screen.app.operations.running?.subject == "frost (103)")
    // What came of the first stays in sight.
    #expect(screen.text.contains("checkpoint of python3 (100) done"))
    screen.engine.emit(.done(OperationSummary(operation: "checkpoint", image: "/b", root: 103, tasks: 1)))
    screen.catchUp()
    #expect(screen.app.operations.ended.count == 2 && screen.app.operations.running == nil)
  }

  @Test func eachInTheQueueCanBeCancelled() {
    let screen = started()
    for pid in ["103", "101"] {
      screen.clock.advance(5)
      screen.type(pid)
      screen.press(.character("D"))
      screen.catchUp()
      screen.press(.enter)
    }
    #expect(screen.app.operations.queued.map(\.subject) == ["frost (103)", "worker (101)"])
    screen.press(.character("o"))
    #expect(screen.roles(of: "running 0%") == [.selection])
    screen.press(.down, .character("x"))
    #expect(screen.app.operations.queued.map(\.subject) == ["worker (101)"])
    #expect(screen.text.contains("withdrawn"))
    // The running one is asked to undo what it did.
    #expect(screen.engine.state.withLock { $0.cancelled } == 0)
    screen.press(.end, .up, .character("x"))
    #expect(screen.engine.state.withLock { $0.cancelled } == 1)
    #expect(screen.text.contains("cancelling"))
    screen.engine.emit(.failed([Problem(errno: .canceled, what: "checkpoint", why: "cancelled by the user")]))
    screen.catchUp()
    #expect(screen.engine.state.withLock { $0.checkpoints.map(\.root.pid) } == [100, 101])
    screen.press(.enter)
    #expect(screen.text.contains("checkpoint of python3 (100)"))
  }

  @Test func quittingEmptiesTheQueue() {
    let screen = started()
    screen.type("103")
    screen.press(.character("D"))
    screen.catchUp()
    screen.press(.enter, .character("q"))
    #expect(screen.text.contains("1 operation waiting"))
    screen.press(.left, .enter)
    #expect(screen.app.operations.queued.isEmpty)
    screen.engine.emit(.failed([Problem(errno: .canceled, what: "checkpoint", why: "cancelled")]))
    screen.catchUp()
    #expect(screen.engine.state.withLock { $0.checkpoints.count } == 1)
    #expect(screen.app.exitStatus == 0)
  }

  @Test func rateAndTimeLeftAreTold() {
    let screen = started()
    for step in 0...10 {
      let done = UInt64(step) << 20
      screen.engine.emit(.task(TaskProgress(task: job, phase: .memory, done: done, total: 40 << 20)))
      screen.catchUp()
      screen.clock.advance(0.1)
    }
    // 10 MiB in a second, 30 to be read, 40 to be written.
    #expect(screen.text.contains("10M/s, 7.0 s left"), "\(screen.text)")
  }

  /// Two tasks, read and written in turns, as a job that is larger than crtop's memory: the total only grows.
  @Test func theTotalNeverGoesBack() {
    var operation = OperationModel(id: 1, kind: .checkpoint, subject: "x", image: "", startedAt: 0)
    var shares: [Double] = []
    func tell(_ task: TaskName, _ phase: OperationPhase, _ done: UInt64) {
      operation.apply(.task(TaskProgress(task: task, phase: phase, done: done << 20, total: 40 << 20)), now: 1)
      shares.append(operation.fraction)
    }
    for task in [job, worker] { tell(task, .memory, 0) }
    for done in [UInt64(10), 20, 30, 40] {
      for phase in [OperationPhase.memory, .write] {
        for task in [job, worker] { tell(task, phase, done) }
      }
    }
    #expect(shares == shares.sorted() && shares.first == 0 && shares.last == 1)
    #expect(operation.total == 80 << 20 && operation.done == 80 << 20)
    var restart = OperationModel(id: 2, kind: .restart, subject: "x", image: "", startedAt: 0)
    shares = []
    for (phase, done) in [(OperationPhase.verify, UInt64(5)), (.verify, 10), (.memory, 0), (.memory, 90)] {
      let total: UInt64 = phase == .verify ? 10 : 90
      restart.apply(.task(TaskProgress(task: job, phase: phase, done: done, total: total)), now: 1)
      shares.append(restart.fraction)
    }
    #expect(shares == shares.sorted() && shares[1] == 0.5 && shares.last == 1)
  }

  @Test func thousandsOfTasksCanBeScrolled() throws {
    let screen = started()
    screen.engine.emit(.tasks((1...3000).map { TaskName(pid: $0, comm: "t\($0)") }))
    screen.catchUp()
    #expect(screen.text.contains("t1 (1)") && !screen.text.contains("t40 (40)"))
    for _ in 0..<13 { screen.press(.character("}")) }
    #expect(screen.text.contains("t40 (40)") && !screen.text.contains("t1 (1)"))
    let panel = try #require(screen.row(with: "t40 (40)"))
    for _ in 0..<13 { screen.app.handle(MouseEvent(.wheelUp, row: panel, column: 3)) }
    screen.draw()
    #expect(screen.text.contains("t1 (1)"))
    // The last one fails: it stands on top, and is found in the list of `o` too.
    screen.engine.emit(
      .failed([Problem(task: TaskName(pid: 3000, comm: "t3000"), errno: .ioError, what: "it", why: "broke")]))
    screen.catchUp()
    screen.press(.character("o"), .enter)
    #expect(screen.text.contains("t3000 (3000)"))
  }

  @Test func quittingMeanwhileAsksAndUndoesFirst() {
    let screen = started()
    screen.press(.character("q"))
    #expect(screen.app.exitStatus == nil)
    #expect(screen.roles(of: "[ Cancel ]") == [.buttonFocused])
    screen.press(.left, .enter)
    #expect(screen.engine.state.withLock { $0.cancelled } == 1)
    #expect(screen.app.exitStatus == nil)
    screen.engine.emit(.failed([Problem(errno: .canceled, what: "checkpoint", why: "cancelled")]))
    screen.catchUp()
    #expect(screen.app.exitStatus == 0)
  }

  @Test func aTerminationSignalUndoesFirst() {
    let screen = started()
    screen.app.terminate(status: 143)
    #expect(screen.app.exitStatus == nil)
    screen.engine.emit(.failed([Problem(errno: .canceled, what: "checkpoint", why: "cancelled")]))
    screen.catchUp()
    #expect(screen.app.exitStatus == 143)
    let idle = Screen()
    idle.app.terminate(status: 143)
    #expect(idle.app.exitStatus == 143)
  }

  @Test func freezingAsksAndThawingDoesNot() {
    let screen = Screen()
    screen.type("100")
    screen.press(.character("z"))
    #expect(screen.text.contains("Freeze python3 (100): 4 tasks"))
    #expect(screen.roles(of: "[ Cancel ]") == [.buttonFocused])
    screen.press(.left, .enter)
    screen.catchUp()
    #expect(screen.engine.state.withLock { $0.frozen } == [TaskIdentity(pid: 100, startTime: 1000)])
    #expect(screen.text.contains("python3 (100) is frozen"))
    screen.clock.advance(5)
    screen.type("103")
    screen.press(.character("z"))
    screen.catchUp()
    #expect(screen.engine.state.withLock { $0.thawed } == [TaskIdentity(pid: 103, startTime: 1030)])
  }

  @Test func quittingWaitsForAFreezeUnderWay() {
    let screen = Screen()
    screen.type("100")
    screen.press(.character("z"), .left, .enter, .character("q"))
    #expect(screen.app.exitStatus == nil)
    screen.catchUp()
    #expect(screen.app.exitStatus == 0)
  }

  @Test func crtopDoesNotFreezeItself() {
    let screen = Screen()
    screen.type("200")
    screen.press(.character("z"))
    #expect(screen.app.overlays.isEmpty)
    #expect(screen.app.errors.entries.count == 1)
  }

  @Test func aFailedFreezeIsToldAndKept() {
    let screen = Screen()
    screen.engine.state.withLock { $0.freezeProblem = socketProblem }
    screen.type("100")
    screen.press(.character("z"), .left, .enter)
    screen.catchUp()
    #expect(screen.text.contains("descriptor 5 is a socket"))
    #expect(screen.app.errors.entries.map(\.during) == ["freeze python3 (100)"])
  }
}
