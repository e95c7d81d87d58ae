import CheckpointRestart
import ProcessTree
import SystemCalls
import Synchronization
import Testing
import TerminalUI

@Suite struct RestartDialogTests {
  /// The list of images with one that can be restarted, and the bar on it.
  private func opened(_ width: Int = 80, _ height: Int = 24) -> Screen {
    Screen.listing([imageOfTraining], width, height)
  }

  private func taken(_ pid: Int32, by holder: String) -> Problem {
    Problem(
      task: TaskName(pid: pid, comm: "python3"), errno: .fileExists, what: "pid \(pid)",
      why: "it is taken by \(holder)",
      remedy: "wait until that process has ended, or end it, or restart with --new-pid-namespace")
  }

  @Test func restartShowsWhatIsInsideAndThenSelectsTheRoot() {
    let screen = opened()
    screen.press(.enter)
    #expect(screen.text.contains("4 tasks, 10 threads, 1 zombie; its root gets pid 5100 again"))
    #expect(screen.text.contains("/images/new.crtop"))
    // Not before the plan is there.
    screen.press(.enter)
    #expect(screen.engine.state.withLock { $0.restarts.isEmpty })
    screen.catchUp()
    #expect(screen.text.contains("Plan passed"))
    screen.press(.enter)
    let requests = screen.engine.state.withLock { $0.restarts }
    #expect(requests.map(\.source) == ["/images/new.crtop"])
    #expect(requests.map(\.detached) == [true])
    #expect(requests.first?.acceptedLosses.isEmpty == true)
    #expect(screen.app.overlays.isEmpty)
    screen.engine.emit(.tasks([TaskName(pid: 5100, comm: "python3")]))
    screen.catchUp()
    #expect(screen.text.contains("Restart of python3 train.py"))
    screen.engine.emit(.done(OperationSummary(operation: "restart", root: 5100, tasks: 4)))
    screen.catchUp()
    screen.processes.records.append(
      ProcessRecord(identity: ProcessIdentity(pid: 5100, startTime: 99999), ppid: 1, comm: "python3"))
    screen.refresh()
    #expect(screen.app.model.selectedProcess?.pid == 5100)
  }

  @Test func lossesAreAcceptedByName() {
    let screen = opened()
    let changed = Problem(
      errno: .resourceBusy, what: "the file /data", why: "it has been written since",
      remedy: "put it back, or accept the difference: --accept changed-files")
    screen.engine.state.withLock { $0.plan = $0.plan.map { $0.with([changed]) } }
    screen.press(.enter)
    screen.catchUp()
    #expect(screen.text.contains("for 1 reason") && screen.text.contains("it has been written since"))
    #expect(screen.text.contains("[ ] Accept: files are as they are now") && !screen.text.contains("--accept"))
    #expect(screen.text.contains("cannot start: 1 obstacle"))
    screen.press(.enter)
    #expect(screen.engine.state.withLock { $0.restarts.isEmpty })
    // The box stands above the buttons.
    screen.press(.up, .character(" "))
    #expect(screen.text.contains("Plan is being made"))
    screen.catchUp()
    #expect(screen.text.contains("[x]") && screen.text.contains("Plan passed with what is accepted"))
    #expect(screen.text.contains("plan passed, 1 loss accepted"))
    screen.press(.enter, .enter)
    #expect(screen.engine.state.withLock { $0.restarts.map(\.acceptedLosses) } == [[.changedFiles]])
    screen.engine.emit(.done(OperationSummary(operation: "restart", root: 5100, tasks: 4)))
    screen.catchUp()
    #expect(screen.words.contains("ACCEPTED: files are as they are now"))
  }

  /// The plan does not see it: the clocks are made when the tasks are.
  @Test func aRefusalByTheRestartItselfOffersABox() {
    let screen = opened()
    screen.press(.enter)
    screen.catchUp()
    screen.press(.enter)
    let clock = Problem(
      errno: .notPermitted, what: "the monotonic clock", why: "it would go back",
      remedy: "run crtop as root, or accept that: --accept clock")
    screen.engine.emit(.failed([clock]))
    screen.catchUp()
    #expect(screen.words.contains("or accept that (a box in the restart's dialog)"))
    screen.press(.escape, .character("R"))
    screen.catchUp()
    screen.press(.enter)
    screen.catchUp()
    #expect(screen.text.contains("[ ] Accept: its clock goes back"))
  }

  @Test(arguments: [(40, 10), (80, 24), (200, 50)])
  func aTakenPidIsNamedWithItsHolder(width: Int, height: Int) {
    let screen = opened(width, height)
    screen.engine.state.withLock { $0.plan = $0.plan.map { $0.with([taken(5100, by: "vi (5100)")]) } }
    screen.press(.enter)
    screen.catchUp()
    var seen = screen.text
    for _ in 0..<12 {
      screen.press(.pageDown)
      seen += screen.text
    }
    #expect(seen.contains("taken by vi"))
    screen.press(.enter)
    #expect(screen.engine.state.withLock { $0.restarts.isEmpty })
    // It ends meanwhile: the open dialog notices by itself.
    screen.engine.state.withLock { $0.plan = $0.plan.map { $0.with([]) } }
    screen.clock.advance(3)
    screen.refresh()
    screen.catchUp()
    screen.press(.enter)
    #expect(screen.engine.state.withLock { $0.restarts.count } == 1)
  }

  /// A command may be a whole program.
  @Test func aLongCommandHasOneLine() {
    var entry = ImageEntry(path: "/images/new.crtop", time: 0, bytes: 1)
    entry.command = "python3 -c " + String(repeating: "import os\n  print(1)\n", count: 60)
    #expect(entry.title.hasPrefix("-c import os print(1)") || entry.title.hasPrefix("python3 -c import os print(1)"))
    #expect(entry.title.count == 60 && entry.title.hasSuffix("..."))
  }

  /// A line for each pid, the remedy once, and what it offers is a choice.
  @Test func takenPidsAreFreeInAPidNamespaceOfItsOwn() {
    let screen = opened()
    let problems = [taken(5100, by: "vi (5100)"), taken(5101, by: "cc (5101)")]
    screen.engine.state.withLock { $0.plan = $0.plan.map { $0.with(problems) } }
    screen.press(.enter)
    screen.catchUp()
    #expect(screen.text.contains("pid 5100: it is taken by vi (5100)"))
    #expect(screen.text.contains("pid 5101: it is taken by cc (5101)"))
    #expect(screen.text.ranges(of: "Remedy").count == 1 && screen.text.contains("for 2 reasons"))
    // Up to the choice; another choice is another plan.
    screen.press(.up, .right)
    #expect(screen.text.contains("Plan is being made"))
    screen.catchUp()
    #expect(screen.text.contains("Plan passed") && !screen.text.contains("taken by"))
    #expect(screen.engine.state.withLock { $0.planned.count } == 2)
    screen.press(.down, .enter)
    #expect(screen.launcher.inNamespace.withLock { $0.map(\.source) } == ["/images/new.crtop"])
    #expect(screen.engine.state.withLock { $0.restarts.isEmpty })
    #expect(screen.text.contains("Restart of python3 train.py"))
    screen.catchUp()
    // Out here the root has another pid.
    screen.processes.records.append(
      ProcessRecord(identity: ProcessIdentity(pid: 6200, startTime: 99999), ppid: 1, comm: "python3"))
    screen.refresh()
    #expect(screen.app.model.selectedProcess?.pid == 6200)
  }

  @Test func inTheForegroundTheJobGetsTheTerminal() throws {
    let screen = opened()
    screen.press(.enter)
    screen.catchUp()
    screen.press(.up, .up, .right)
    screen.catchUp()
    #expect(screen.text.contains("(•) in this terminal") && screen.text.contains("It gets this terminal"))
    #expect(screen.engine.state.withLock { $0.detached } == [true, false])
    screen.press(.down, .down, .enter)
    #expect(screen.app.overlays.isEmpty && screen.engine.state.withLock { $0.restarts.isEmpty })
    let guest = try #require(screen.app.guest)
    guard case .wanted(let words, let subject) = guest else {
      Issue.record("the terminal is not lent: \(guest)")
      return
    }
    #expect(words == ["crtop", "restart", "/images/new.crtop"] && subject == "python3 train.py")
  }

  @Test func notInTheForegroundWhileAnOperationRuns() {
    let screen = opened()
    screen.press(.escape)
    screen.type("100")
    screen.press(.character("D"))
    screen.catchUp()
    screen.press(.enter, .character("R"))
    screen.catchUp()
    screen.press(.enter)
    screen.catchUp()
    screen.press(.up, .up, .right)
    screen.catchUp()
    screen.press(.down, .down, .enter)
    #expect(screen.app.guest == nil && screen.text.contains("an operation is running"))
  }
}

extension RestartPlan {
  /// The same with these obstacles.
  fileprivate func with(_ problems: [Problem]) -> RestartPlan {
    var plan = self
    plan.problems = problems
    return plan
  }
}
