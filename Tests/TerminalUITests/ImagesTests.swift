import CheckpointRestart
import ProcessTree
import SystemCalls
import Synchronization
import Testing
import TerminalUI

@Suite struct ImagesTests {
  private func opened(_ width: Int = 80, _ height: Int = 24) -> Screen {
    Screen.listing(
      [
        ImageEntry(
          path: "/images/old.crtop", time: 1_600_000_000, bytes: 5 << 20, command: "sleep 1000", rootPid: 55, tasks: 1,
          threads: 1, host: "alpha"),
        imageOfTraining,
        ImageEntry(
          path: "/images/bad.crtop", time: 1_500_000_000, bytes: 12,
          problem: Problem(errno: .invalidArgument, what: "bad.crtop is not an image", why: "it is cut off")),
      ], width, height)
  }

  @Test(arguments: [(40, 10), (80, 24), (200, 50)])
  func theNewestStandsFirst(width: Int, height: Int) throws {
    let screen = opened(width, height)
    let newest = try #require(screen.row(with: "python3"))
    let oldest = try #require(screen.row(with: "sleep"))
    #expect(newest < oldest)
    #expect(screen.text.contains("123M"))
    #expect(screen.text.contains("unusable"))
  }

  @Test func anUnusableImageIsNotRestarted() {
    let screen = opened()
    screen.press(.end, .enter)
    #expect(screen.app.overlays.count == 1)
    #expect(screen.text.contains("it is cut off"))
    #expect(screen.engine.state.withLock { $0.restarts.isEmpty })
  }

  @Test func deletingAsksWithCancelFocused() {
    let screen = opened()
    screen.press(.down, .delete)
    #expect(screen.text.contains("Delete the image of sleep 1000 (1 task)?"))
    #expect(screen.roles(of: "[ Cancel ]") == [.buttonFocused])
    screen.press(.enter)
    screen.catchUp()
    #expect(screen.images.deleted.withLock { $0.isEmpty })
    screen.press(.delete, .left, .enter)
    // Once for the deletion, once for the list after it.
    screen.catchUp()
    screen.catchUp()
    #expect(screen.images.deleted.withLock { $0 } == ["/images/old.crtop"])
    #expect(!screen.text.contains("sleep 1000"))
  }

  @Test func severalAreDeletedAtOnce() {
    let screen = opened()
    screen.press(.character(" "), .character(" "))
    #expect(screen.text.contains("2 tagged"))
    screen.press(.delete)
    #expect(screen.text.contains("Delete these 2 images"))
    #expect(screen.text.contains("/images/old.crtop") && screen.text.contains("/images/new.crtop"))
    #expect(screen.roles(of: "[ Cancel ]") == [.buttonFocused])
    screen.press(.left, .enter)
    screen.catchUp()
    #expect(Set(screen.images.deleted.withLock { $0 }) == ["/images/old.crtop", "/images/new.crtop"])
  }

  private func content(_ path: String, time: Int64, _ tasks: [ImageTask], size: UInt64) -> ImageContent {
    ImageContent(
      path: path, bytes: 5 << 20, command: "job", time: time, origin: "beta, Linux 6.18", pauseMicroseconds: 12_000,
      tasks: tasks, files: [ImageFileReference(path: "/data/log", bytes: size, modified: time)])
  }

  @Test(arguments: [(40, 10), (80, 24), (200, 50)])
  func oneCanBeLookedInto(width: Int, height: Int) {
    let screen = opened(width, height)
    let tasks = [
      ImageTask(pid: 5100, comm: "python3", threads: 7, memoryBytes: 40 << 20, descriptors: [3: "/data/log at 99"]),
      ImageTask(pid: 5101, ppid: 5100, comm: "helper", state: "zombie (exited 130)"),
    ]
    screen.images.contents.withLock {
      $0["/images/new.crtop"] = content("/images/new.crtop", time: 1_700_000_000, tasks, size: 100)
    }
    screen.press(.character("i"))
    #expect(screen.text.contains("Reading"))
    screen.catchUp()
    func all() -> String {
      screen.press(.home)
      var seen = screen.text
      for _ in 0..<30 {
        screen.press(.down)
        seen += "\n" + screen.text
      }
      return seen
    }
    let tree = all()
    #expect(tree.contains("python3") && tree.contains("40M") && tree.contains("zombie"))
    screen.press(.tab)
    #expect(all().contains("/data/log at 99"))
    screen.press(.tab)
    #expect(all().contains("/data/log"))
    screen.press(.escape)
    #expect(screen.app.overlays.count == 1)
  }

  @Test func twoCanBeCompared() {
    let screen = opened()
    let old = [
      ImageTask(pid: 1, comm: "root", memoryBytes: 1 << 20, descriptors: [1: "/a"]),
      ImageTask(pid: 2, ppid: 1, comm: "left"),
      ImageTask(pid: 3, ppid: 1, comm: "same"),
    ]
    let new = [
      ImageTask(pid: 1, comm: "root", memoryBytes: 2 << 20, descriptors: [1: "/a", 4: "/b"]),
      ImageTask(pid: 3, ppid: 1, comm: "same"), ImageTask(pid: 9, ppid: 1, comm: "come"),
    ]
    screen.images.contents.withLock {
      $0["/images/new.crtop"] = content("/images/new.crtop", time: 1_700_000_000, new, size: 300)
      $0["/images/old.crtop"] = content("/images/old.crtop", time: 1_600_000_000, old, size: 100)
    }
    screen.press(.character("="))
    #expect(screen.app.overlays.count == 1 && screen.text.contains("tag the two images"))
    screen.press(.character(" "), .character(" "), .character("="))
    screen.catchUp()
    for part in [
      "+ come (9): new", "- left (2): gone", "~ root (1)", "memory: 1.0M -> 2.0M", "descriptor 4 opened: /b",
      "1 task unchanged",
    ] { #expect(screen.text.contains(part), "\(part)") }
    screen.press(.tab)
    #expect(screen.text.contains("/data/log: 100B -> 300B"))
  }

  @Test func verificationTells() {
    let screen = opened()
    screen.press(.character("v"))
    #expect(screen.text.contains("verifying"))
    screen.catchUp()
    #expect(screen.text.contains("verified \(Format.date(1_700_000_000)): whole and unaltered"))
    screen.images.damaged.withLock {
      $0["/images/old.crtop"] = Problem(errno: .ioError, what: "section 3 is altered", why: "its checksum is wrong")
    }
    screen.press(.down, .character("v"))
    screen.catchUp()
    #expect(screen.text.contains("section 3 is altered"))
    #expect(screen.app.errors.entries.count == 1)
  }

  /// Another image of that name has come, made after the verification.
  @Test func aVerdictIsAboutTheFileThatWasThere() {
    let screen = opened()
    screen.press(.character("v"))
    screen.catchUp()
    screen.images.entries.withLock { $0[1].time = 1_700_000_100 }
    screen.press(.function(5))
    screen.catchUp()
    #expect(screen.text.contains("; not verified"))
  }

  @Test func aVerdictOutlivesTheRun() {
    let memory = FakeMemory()
    let first = Screen.listing([imageOfTraining], memory: memory)
    first.press(.character("v"))
    first.catchUp()
    let next = Screen.listing([imageOfTraining], memory: memory)
    #expect(next.words.contains("verified \(Format.date(1_700_000_000)): whole and unaltered"))
    // Damage that the file's times do not tell of.
    next.images.damaged.withLock { $0[imageOfTraining.path] = Problem(errno: .ioError, what: "it", why: "is altered") }
    next.press(.character("v"))
    next.catchUp()
    #expect(next.text.contains("is altered"))
    #expect(Screen.listing([imageOfTraining], memory: memory).text.contains("; not verified"))
  }

  /// A checkpoint reads its image back.
  @Test func aNewImageIsVerified() {
    let memory = FakeMemory()
    let screen = Screen(memory: memory)
    screen.images.entries.withLock { $0 = [imageOfTraining] }
    screen.type("100")
    screen.press(.character("D"))
    screen.catchUp()
    screen.press(.enter)
    screen.engine.emit(
      .done(OperationSummary(operation: "checkpoint", image: imageOfTraining.path, root: 100, tasks: 4)))
    screen.catchUp()
    screen.catchUp()
    #expect(memory.known.withLock { $0.keys.sorted() } == [imageOfTraining.path])
    #expect(Screen.listing([imageOfTraining], memory: memory).text.contains("whole and unaltered"))
  }

  @Test func readOnlyRemembersNothing() {
    let memory = FakeMemory()
    let screen = Screen.listing([imageOfTraining], readOnly: true, memory: memory)
    screen.press(.character("v"))
    screen.catchUp()
    #expect(screen.text.contains("whole and unaltered") && memory.known.withLock { $0.isEmpty })
  }

  /// Another file than those of the store is in the list for this run, and used like the others.
  @Test(arguments: [(40, 10), (80, 24), (200, 50)])
  func aFileElsewhereCanBeOpened(width: Int, height: Int) {
    let screen = opened(width, height)
    var other = imageOfTraining
    (other.path, other.command, other.time) = ("/mnt/other.crtop", "make all", 1_550_000_000)
    screen.images.elsewhere.withLock { $0 = [other.path: other] }
    func open(_ path: String) {
      screen.press(.character("o"))
      #expect(screen.text.contains("Open file:"))
      screen.type(path)
      screen.press(.enter)
      screen.catchUp()
      screen.catchUp()
    }
    open("/mnt/wrong")
    #expect(screen.words.contains("the image /mnt/wrong") && screen.app.errors.entries.count == 1)
    open("/mnt/other.crtop")
    #expect(screen.text.contains("Images: 4"))
    // It has the bar: what Enter does concerns it.
    screen.press(.enter)
    screen.catchUp()
    #expect(screen.engine.state.withLock { $0.planned } == ["/mnt/other.crtop"])
    screen.press(.escape, .escape, .character("R"))
    screen.catchUp()
    #expect(screen.text.contains("Images: 4"))
    // Twice is once; and when it is gone it is gone.
    open("/mnt/other.crtop")
    #expect(screen.text.contains("Images: 4"))
    screen.images.elsewhere.withLock { $0 = [:] }
    screen.press(.function(5))
    screen.catchUp()
    #expect(screen.text.contains("Images: 3"))
  }

  /// Arrows and Enter belong to the line while it is there; Esc takes it away.
  @Test func theLineForAPathTakesTheKeys() {
    let screen = opened()
    screen.press(.character("o"))
    screen.type("q")
    screen.press(.up, .down, .pageDown, .escape)
    #expect(screen.app.overlays.count == 1 && !screen.text.contains("Open file"))
    screen.press(.character("o"), .enter)
    #expect(screen.app.overlays.count == 1)
    screen.press(.enter)
    screen.catchUp()
    #expect(screen.engine.state.withLock { $0.planned } == ["/images/new.crtop"])
  }

  @Test func readOnlyRestartsAndDeletesNothing() {
    let screen = Screen(readOnly: true)
    screen.images.entries.withLock { $0 = [ImageEntry(path: "/images/a.crtop", time: 1, bytes: 1, tasks: 1)] }
    screen.press(.character("R"))
    screen.catchUp()
    screen.press(.enter, .delete)
    #expect(screen.app.overlays.count == 1)
  }
}
