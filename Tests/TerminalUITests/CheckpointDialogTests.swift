import CheckpointImage
import CheckpointRestart
import ProcessTree
import SystemCalls
import Synchronization
import Testing
import TerminalUI

@Suite struct CheckpointDialogTests {
  private func opened(_ width: Int = 80, _ height: Int = 24, problems: [Problem] = []) -> Screen {
    let screen = Screen(width: width, height: height)
    screen.engine.state.withLock {
      $0.report = CheckReport(problems: problems, tasks: 4, threads: 10, zombies: 1, memoryBytes: 123 << 20)
    }
    screen.type("100")
    screen.press(.character("D"))
    return screen
  }

  @Test func itSaysWhatAndWhereBeforeAnythingHappens() {
    let screen = opened()
    #expect(screen.text.contains("python3 (100): 4 tasks, 11 threads, 1 zombie"))
    #expect(screen.text.contains("Check is running"))
    #expect(screen.text.contains("/images/python3-100.crtop"))
    // Not before the check has passed.
    screen.press(.enter)
    #expect(screen.engine.state.withLock { $0.checkpoints.isEmpty })
    screen.catchUp()
    #expect(screen.text.contains("Check passed"))
    #expect(screen.text.contains("123M"))
    #expect(screen.engine.state.withLock { $0.checked } == [TaskIdentity(pid: 100, startTime: 1000)])
    screen.press(.enter)
    let requests = screen.engine.state.withLock { $0.checkpoints }
    #expect(requests.map(\.root) == [TaskIdentity(pid: 100, startTime: 1000)])
    #expect(requests.first?.destination == "/images/python3-100.crtop")
    #expect(requests.first?.after == .resume)
    #expect(requests.first?.compression == Compression.none)
  }

  @Test(arguments: [(40, 10), (80, 24), (200, 50)])
  func problemsBlockTheStart(width: Int, height: Int) {
    let screen = opened(width, height, problems: [socketProblem, socketProblem])
    screen.catchUp()
    var seen = screen.text
    for _ in 0..<20 {
      screen.press(.pageDown)
      seen += "\n" + screen.text
    }
    #expect(seen.contains("for 2 reasons"))
    #expect(seen.contains("descriptor 5"))
    #expect(seen.contains("Remedy:"))
    #expect(seen.contains("[ Checkpoint ]"))
    screen.press(.enter)
    #expect(screen.engine.state.withLock { $0.checkpoints.isEmpty })
    // F5 looks again; what was in the way is gone.
    screen.engine.state.withLock { $0.report.problems = [] }
    screen.press(.function(5))
    screen.catchUp()
    screen.press(.enter)
    #expect(screen.engine.state.withLock { $0.checkpoints.count } == 1)
  }

  @Test func anOldCheckDoesNotOpenTheWay() {
    let screen = opened(problems: [])
    // Asked again before the first answer: only the second answer counts.
    screen.engine.state.withLock { $0.report.problems = [socketProblem] }
    screen.press(.function(5))
    screen.catchUp()
    #expect(screen.text.contains("for 1 reason"))
  }

  @Test func aFrozenJobDoesNotGoOn() {
    let screen = Screen()
    screen.type("103")
    screen.press(.character("D"))
    screen.catchUp()
    #expect(screen.text.contains("(•) as it is") && screen.text.contains("it is frozen and stays so"))
    #expect(!screen.text.contains("go on") && !screen.text.contains("Pause about"))
  }

  @Test func killingAsksWithCancelFocused() {
    let screen = opened()
    screen.catchUp()
    // From the button back over Pack to Then, and there to kill.
    screen.press(.backTab, .backTab, .right, .right, .enter, .enter)
    #expect(screen.text.contains("will be KILLED"))
    #expect(screen.text.contains("python3 (100): 4 tasks"))
    #expect(screen.text.contains("/images/python3-100.crtop"))
    #expect(screen.roles(of: "[ Cancel ]") == [.buttonFocused])
    screen.press(.enter)
    #expect(screen.app.overlays.isEmpty)
    #expect(screen.engine.state.withLock { $0.checkpoints.isEmpty })
  }

  @Test func killingWhenConfirmed() {
    let screen = opened()
    screen.catchUp()
    screen.press(.backTab, .backTab, .right, .right, .down, .right, .down, .enter)
    screen.press(.left, .enter)
    let requests = screen.engine.state.withLock { $0.checkpoints }
    #expect(requests.map(\.after) == [.kill])
    #expect(requests.map(\.compression) == [.lz4])
  }

  @Test func thePathCanBeEdited() {
    let screen = opened()
    screen.catchUp()
    screen.press(.tab, .tab, .control("u"))
    screen.type("/tmp/x")
    #expect(screen.canvas.cursor != nil)
    // Not before that place has been looked at.
    screen.press(.enter, .enter)
    #expect(screen.engine.state.withLock { $0.checkpoints.isEmpty })
    screen.catchUp()
    screen.press(.enter)
    #expect(screen.engine.state.withLock { $0.checkpoints.map(\.destination) } == ["/tmp/x"])
  }

  /// Nobody knows later where crtop was started.
  @Test func aRelativePathIsShownAndTakenAsAWhole() {
    let screen = opened(120, 40, problems: [])
    screen.catchUp()
    screen.press(.tab, .tab, .control("u"))
    screen.type("x.crtop")
    screen.catchUp()
    #expect(screen.words.contains("/x.crtop, outside of the image store: later o in the list of images (R) opens it"))
    screen.press(.enter, .enter)
    let path = screen.engine.state.withLock { $0.checkpoints.first?.destination } ?? ""
    #expect(path.hasPrefix("/") && path.hasSuffix("/x.crtop"))
  }

  @Test func anImageIsReplacedOnlyWhenConfirmed() {
    let screen = opened()
    screen.catchUp()
    screen.images.entries.withLock { $0.append(ImageEntry(path: "/tmp/x", time: 0, bytes: 1)) }
    screen.press(.tab, .tab, .control("u"))
    screen.type("/tmp/x")
    screen.catchUp()
    #expect(screen.text.contains("There is an image of that name"))
    screen.press(.enter, .enter)
    #expect(screen.text.contains("Replace image") && screen.text.contains("/tmp/x"))
    #expect(screen.roles(of: "[ Cancel ]") == [.buttonFocused])
    #expect(screen.engine.state.withLock { $0.checkpoints.isEmpty })
    screen.press(.left, .enter)
    #expect(screen.engine.state.withLock { $0.checkpoints.map(\.destination) } == ["/tmp/x"])
  }

  @Test(arguments: [(40, 10), (80, 24), (200, 50)])
  func thePlaceIsLookedAtBeforeTheStart(width: Int, height: Int) {
    let screen = opened(width, height)
    let nowhere = Problem(
      errno: .noSuchFileOrDirectory, what: "writing /images/python3-100.crtop", why: "No such file or directory",
      remedy: "make the directory first")
    screen.images.obstacles.withLock { $0 = ["/images/python3-100.crtop": nowhere] }
    screen.catchUp()
    var seen = screen.text
    for _ in 0..<20 {
      screen.press(.pageDown)
      seen += screen.text
    }
    #expect(seen.contains("Place not usable") && seen.contains("make the directory first"))
    screen.press(.enter)
    #expect(screen.engine.state.withLock { $0.checkpoints.isEmpty })
    // Somebody makes it: the open dialog notices by itself.
    screen.images.obstacles.withLock { $0 = [:] }
    screen.clock.advance(3)
    screen.refresh()
    screen.catchUp()
    screen.press(.enter)
    #expect(screen.engine.state.withLock { $0.checkpoints.count } == 1)
  }

  @Test func tooLittleRoomIsTold() {
    let screen = opened()
    screen.images.free.withLock { $0 = 12 << 20 }
    screen.catchUp()
    #expect(screen.text.contains("only 12M are free there, and about 123M may be needed"))
  }

  @Test func crtopDoesNotCheckpointItself() {
    let screen = Screen()
    screen.type("200")
    screen.press(.character("D"))
    screen.catchUp()
    #expect(screen.text.contains("this crtop is one of its descendants"))
    screen.press(.enter)
    #expect(screen.engine.state.withLock { $0.checkpoints.isEmpty })
  }

  @Test func whatWasTypedBeforeIsNotMeantForIt() {
    let screen = Screen()
    screen.type("100")
    #expect(!screen.app.wantsInputFlush)
    screen.press(.character("D"))
    #expect(screen.app.wantsInputFlush)
  }

  @Test func clicksWorkInTheDialog() throws {
    let screen = opened()
    screen.catchUp()
    let then = try #require(screen.row(with: "stay frozen"))
    let line = screen.canvas.text(row: then)
    let place = try #require(line.ranges(of: "( ) stay frozen").first)
    screen.app.handle(MouseEvent(.click, row: then, column: line.distance(from: line.startIndex, to: place.lowerBound)))
    screen.draw()
    #expect(screen.text.contains("(•) stay frozen"))
    let buttons = try #require(screen.row(with: "[ Cancel ]"))
    let text = screen.canvas.text(row: buttons)
    let cancel = try #require(text.ranges(of: "[ Cancel ]").first)
    screen.app.handle(
      MouseEvent(.click, row: buttons, column: text.distance(from: text.startIndex, to: cancel.lowerBound)))
    #expect(screen.app.overlays.isEmpty)
  }

  @Test func itSaysAboutHowLongAndHowLarge() {
    let screen = opened()
    #expect(screen.text.contains("Size  at most") && screen.text.contains("a guess from its tasks and memory"))
    screen.catchUp()
    #expect(screen.text.contains("Size  123M of memory to be saved, less where it is zeroes"))
    screen.press(.enter)
    screen.engine.emit(
      .done(
        OperationSummary(
          operation: "checkpoint", image: "/a", root: 100, tasks: 4, bytes: 41 << 20, pauseMicroseconds: 55_000)))
    screen.catchUp()
    screen.press(.character("D"))
    screen.catchUp()
    #expect(screen.text.contains("Pause about 55 ms: as measured in 1 earlier checkpoint"))
    #expect(screen.words.contains("the image about 41M"))
  }

  @Test func taggedJobsAreQueuedWithAnImageEach() {
    let screen = Screen()
    // 103 belongs to 101: one job of the two.
    for pid in ["101", "103", "200"] {
      screen.clock.advance(5)
      screen.type(pid)
      screen.press(.character(" "))
    }
    screen.press(.character("D"))
    screen.catchUp()
    // crtop (900) runs in 200.
    #expect(screen.text.contains("2 tagged jobs"))
    #expect(screen.text.contains("this crtop is one of its descendants"))
    screen.press(.enter)
    #expect(screen.engine.state.withLock { $0.checkpoints.isEmpty })
    screen.press(.escape)
    screen.clock.advance(5)
    screen.type("200")
    screen.press(.character(" "))
    screen.app.model.untagAll()
    for pid in ["101", "1"] {
      screen.clock.advance(5)
      screen.type(pid)
      screen.press(.character(" "))
    }
    screen.app.model.untagAll()
    for pid in ["102", "103"] {
      screen.clock.advance(5)
      screen.type(pid)
      screen.press(.character(" "))
    }
    screen.press(.character("D"))
    screen.catchUp()
    screen.press(.enter)
    #expect(screen.app.overlays.isEmpty)
    #expect(screen.engine.state.withLock { $0.checkpoints.map(\.destination) } == ["/images/helper-102.crtop"])
    #expect(screen.app.operations.queued.map(\.image) == ["/images/frost-103.crtop"])
    #expect(screen.app.model.tagged.isEmpty)
  }

  @Test func lossesThatRemediesOfferAreCheckBoxes() {
    let core = Problem(
      task: TaskName(pid: 102, comm: "helper"), errno: .notSupported, what: "its core-dump flag",
      why: "it cannot be made",
      remedy: "accept its loss: --accept core-flag")
    let screen = opened(problems: [core])
    screen.catchUp()
    #expect(screen.text.contains("for 1 reason") && screen.text.contains("cannot start: 1 obstacle"))
    #expect(screen.text.contains("[ ] Accept: a zombie loses its core-dump flag"))
    #expect(screen.text.contains("Remedy: accept its loss (a box below)") && !screen.text.contains("--"))
    screen.press(.enter)
    #expect(screen.engine.state.withLock { $0.checkpoints.isEmpty })
    #expect(screen.text.contains("not possible yet"))
    // The check runs again, about the job without what is accepted.
    screen.press(.up, .character(" "))
    #expect(screen.text.contains("[x] Accept: a zombie") && screen.text.contains("Check is running"))
    screen.catchUp()
    #expect(screen.text.contains("it can be checkpointed with what is accepted below"))
    #expect(screen.text.contains("check passed, 1 loss accepted") && !screen.text.contains("not possible yet"))
    // It comes back when the box is unset.
    screen.press(.character(" "))
    screen.catchUp()
    #expect(screen.text.contains("for 1 reason") && screen.text.contains("[ ] Accept"))
    screen.press(.character(" "))
    screen.catchUp()
    screen.press(.enter, .enter)
    #expect(screen.engine.state.withLock { $0.checkpoints.map(\.acceptedLosses) } == [[.coreFlag]])
    screen.engine.emit(.done(OperationSummary(operation: "checkpoint", image: "/a", root: 100, tasks: 4, bytes: 9)))
    screen.catchUp()
    #expect(screen.words.contains("ACCEPTED: a zombie loses its core-dump flag"))
  }

  /// What only the checkpoint itself sees can be accepted at the next one.
  @Test func aRefusalByTheCheckpointItselfOffersABox() {
    let screen = opened()
    screen.catchUp()
    #expect(!screen.text.contains("Accept:"))
    screen.press(.enter)
    screen.engine.emit(
      .failed([
        Problem(errno: .notSupported, what: "Landlock", why: "it forbids", remedy: "accept that: --accept landlock")
      ]))
    screen.catchUp()
    #expect(screen.words.contains("Remedy: accept that (a box in the checkpoint's dialog)"))
    screen.press(.escape, .character("D"))
    screen.catchUp()
    #expect(screen.text.contains("[ ] Accept: its Landlock restrictions are lost"))
    screen.press(.up, .character(" "))
    screen.catchUp()
    screen.press(.enter, .enter)
    #expect(screen.engine.state.withLock { $0.checkpoints.last?.acceptedLosses } == [.landlock])
  }

  /// Only the job whose remedy offers it loses something.
  @Test func ofSeveralJobsOnlyThoseLoseSomethingThatMust() {
    let keys = Problem(
      task: TaskName(pid: 102, comm: "helper"), errno: .notSupported, what: "its keyring", why: "it has keys",
      remedy: "accept the loss of the keys: --accept keyrings")
    let screen = Screen()
    for pid in ["102", "103"] {
      screen.clock.advance(5)
      screen.type(pid)
      screen.press(.character(" "))
    }
    screen.engine.state.withLock { $0.problemsByRoot = [102: [keys]] }
    screen.press(.character("D"))
    screen.catchUp()
    screen.press(.up, .character(" "))
    screen.catchUp()
    screen.press(.enter, .enter)
    screen.engine.emit(.done(OperationSummary(operation: "checkpoint", image: "/a", root: 102, tasks: 1)))
    screen.catchUp()
    #expect(screen.engine.state.withLock { $0.checkpoints.map(\.acceptedLosses) } == [[.keyrings], []])
  }

  /// What is in the way stands before sizes and pauses; whoever wants to start anyway is shown it.
  @Test func theSmallestScreenShowsTheReasonsFirst() {
    let screen = opened(40, 10, problems: [socketProblem])
    screen.catchUp()
    screen.press(.enter)
    #expect(screen.text.contains("Check failed") && screen.text.contains("not possible yet: see the text above"))
    screen.press(.pageDown)
    #expect(screen.text.contains("1. worker (101)") && !screen.text.contains("memory to be saved"))
  }

  /// At every size, before anything is scrolled.
  @Test(arguments: [(40, 10), (40, 24), (80, 10), (80, 24), (200, 50)])
  func theVerdictIsInSightAtOnce(width: Int, height: Int) {
    let screen = opened(width, height, problems: [socketProblem, socketProblem])
    #expect(screen.text.contains("checking ..."))
    let nowhere = Problem(errno: .noSuchFileOrDirectory, what: "writing", why: "No such file or directory")
    screen.images.obstacles.withLock { $0 = ["/images/python3-100.crtop": nowhere] }
    screen.catchUp()
    #expect(screen.text.contains("cannot start: 3 obstacles") && screen.text.contains("[ Checkpoint ]"))
    screen.engine.state.withLock { $0.report.problems = [] }
    screen.images.obstacles.withLock { $0 = [:] }
    screen.press(.function(5))
    screen.catchUp()
    #expect(screen.text.contains("check passed"))
  }

  @Test(arguments: [(40, 10), (40, 16), (80, 24)])
  func manyBoxesLeaveTheRestInSight(width: Int, height: Int) {
    let problems = AcceptedLoss.allCases.map {
      Problem(errno: .notSupported, what: "it", why: "so", remedy: "accept that: \($0.flag)")
    }
    let screen = opened(width, height, problems: problems)
    screen.catchUp()
    for _ in 0..<problems.count {
      screen.press(.up, .character(" "))
      screen.catchUp()
      #expect(screen.text.contains("[ Checkpoint ]") && screen.text.contains("[x] Accept: "))
    }
    #expect(screen.text.contains("check passed"))
    screen.press(.enter, .enter)
    #expect(screen.engine.state.withLock { $0.checkpoints.first?.acceptedLosses.count } == problems.count)
  }

  @Test func theCheckFollowsTheJobWhileTheDialogIsOpen() {
    let screen = opened(problems: [socketProblem])
    screen.catchUp()
    #expect(screen.text.contains("for 1 reason"))
    screen.engine.state.withLock { $0.report.problems = [] }
    screen.clock.advance(3)
    screen.refresh()
    screen.catchUp()
    #expect(screen.text.contains("Check passed"))
    screen.processes.records.removeAll { $0.pid == 100 }
    screen.refresh()
    #expect(screen.text.contains("it has ended"))
    screen.press(.enter)
    #expect(screen.engine.state.withLock { $0.checkpoints.isEmpty })
  }
}
