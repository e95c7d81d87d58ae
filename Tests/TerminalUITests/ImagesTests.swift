import CheckpointRestart
import ProcessTree
import SystemCalls
import Synchronization
import Testing
import TerminalUI

@Suite struct ImagesTests {
  private func opened(_ width: Int = 80, _ height: Int = 24) -> Screen {
    let screen = Screen(width: width, height: height)
    screen.images.entries.withLock {
      $0 = [
        ImageEntry(
          path: "/images/old.crtop", time: 1_600_000_000, bytes: 5 << 20, command: "sleep 1000", rootPid: 55, tasks: 1,
          threads: 1, host: "alpha"),
        ImageEntry(
          path: "/images/new.crtop", time: 1_700_000_000, bytes: 123 << 20, command: "python3 train.py", rootPid: 5100,
          tasks: 4, threads: 10, zombies: 1, host: "beta"),
        ImageEntry(
          path: "/images/bad.crtop", time: 1_500_000_000, bytes: 12,
          problem: Problem(errno: .invalidArgument, what: "bad.crtop is not an image", why: "it is cut off")),
      ]
    }
    screen.press(.character("R"))
    screen.catchUp()
    return screen
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

  @Test func restartShowsWhatIsInsideAndThenSelectsTheRoot() {
    let screen = opened()
    screen.press(.enter)
    #expect(screen.text.contains("4 tasks, 10 threads, 1 zombie; its root gets pid 5100 again"))
    #expect(screen.text.contains("/images/new.crtop"))
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
    screen.press(.enter, .tab, .tab, .character(" "))
    #expect(screen.text.contains("[x]"))
    screen.press(.enter, .enter)
    #expect(screen.engine.state.withLock { $0.restarts.map(\.acceptedLosses) } == [[.changedFiles]])
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

  @Test func verificationTells() {
    let screen = opened()
    screen.press(.character("v"))
    #expect(screen.text.contains("verifying"))
    screen.catchUp()
    #expect(screen.text.contains("verified: whole and unaltered"))
    screen.images.damaged.withLock {
      $0["/images/old.crtop"] = Problem(errno: .ioError, what: "section 3 is altered", why: "its checksum is wrong")
    }
    screen.press(.down, .character("v"))
    screen.catchUp()
    #expect(screen.text.contains("section 3 is altered"))
    #expect(screen.app.errors.entries.count == 1)
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
