import ProcessTree
import Synchronization
import SystemCalls
import Testing
import TerminalUI

@Suite struct MainScreenTests {
  @Test(arguments: [(40, 10), (80, 24), (200, 50)])
  func everySizeShowsTreeHintAndBar(width: Int, height: Int) throws {
    let screen = Screen(width: width, height: height)
    let job = try #require(screen.row(with: "python3"))
    #expect(screen.canvas.text(row: job).contains("100"))
    // All seven fit, even at ten rows.
    #expect(screen.row(with: "crtop") != nil)
    #expect(screen.canvas.text(row: height - 2).hasPrefix("init (1): 7 tasks"))
    #expect(screen.canvas.text(row: height - 1).contains("D Checkpoint"))
    #expect(screen.canvas.text(row: height - 1).contains("F10 Quit"))
    for row in 0..<height { #expect(screen.canvas.text(row: row).columns <= width) }
  }

  @Test(arguments: [(39, 24), (80, 9), (5, 2), (0, 0)])
  func smallerScreensSaySo(width: Int, height: Int) {
    let screen = Screen(width: width, height: height)
    screen.press(.character("D"), .down)
    if width > 10 { #expect(screen.text.contains("crtop needs 40x10")) }
  }

  @Test func aPidThatDoesNotExistLeavesTheSelectionAlone() {
    let screen = Screen()
    screen.type("101")
    screen.press(.escape)
    // 100 is there, 1009 is not.
    screen.type("1009")
    #expect(screen.text.contains("PID 1009: no such process"))
    #expect(screen.app.model.selected?.pid == 101)
  }

  @Test func aFilterThatIsNotUnderstoodIsNotTaken() {
    let screen = Screen()
    screen.press(.character("\\"))
    screen.type("pid:5-x")
    screen.press(.enter)
    #expect(screen.app.overlays.count == 1 && screen.text.contains("pid: takes a number"))
    screen.press(.escape)
    #expect(screen.app.overlays.isEmpty && screen.app.model.filter.isEmpty)
  }

  @Test func theHeaderGivesWayBeforeTheTree() {
    #expect(Layout(width: 80, height: 24, headerLines: 3).header.height == 3)
    #expect(Layout(width: 80, height: 14, headerLines: 3).header.height == 3)
    #expect(Layout(width: 80, height: 13, headerLines: 3).header.height == 2)
    #expect(Layout(width: 80, height: 10, headerLines: 3).header.height == 0)
    for height in 10...60 {
      let layout = Layout(width: 80, height: height, headerLines: 9, panelLines: 40, noticeLines: 3)
      #expect(layout.tree.height >= 2)
      let calm = Layout(width: 80, height: height, headerLines: 9)
      #expect(calm.header.height <= 1 || calm.tree.height >= 8)
      #expect(layout.bar.row == height - 1)
    }
  }

  @Test func statesAreLetterWordAndRole() {
    let screen = Screen()
    #expect(screen.roles(of: "F FROZEN") == [.frozen])
    #expect(screen.roles(of: "Z zombie") == [.zombie])
    #expect(screen.roles(of: "R running") == [.running])
    #expect(screen.text.contains("helper exited 130"))
    #expect(screen.text.contains("1 FROZEN 1 zombie 1 running"))
  }

  @Test func treeLinesAreDrawn() {
    let unicode = Screen(width: 120)
    #expect(unicode.text.contains("├─ python3 train.py"))
    #expect(unicode.text.contains("│ └─ worker --all"))
    #expect(unicode.text.contains("│   ├─ helper"))
    let ascii = Screen(width: 120, glyphs: .ascii)
    #expect(ascii.text.contains("|   |- helper"))
    #expect(ascii.text.contains("|   `- frost"))
  }

  @Test func foldingShowsHowManyAreHidden() {
    let screen = Screen()
    screen.type("100")
    screen.press(.character("-"))
    #expect(screen.text.contains("[+3] python3"))
    #expect(!screen.text.contains("frost"))
    #expect(screen.canvas.text(row: 22).hasPrefix("python3 (100): 4 tasks, 11 threads, 1 zombie, 1 FROZEN"))
    screen.press(.character("+"))
    #expect(screen.text.contains("frost"))
  }

  @Test func digitsJumpToAPid() {
    let screen = Screen()
    screen.type("10")
    #expect(screen.app.model.selected?.pid == 1)
    screen.type("3")
    #expect(screen.app.model.selected?.pid == 103)
    screen.clock.advance(2)
    screen.type("1")
    #expect(screen.app.model.selected?.pid == 1)
  }

  @Test func searchIsIncrementalAndEscGoesBack() {
    let screen = Screen()
    screen.press(.character("/"))
    screen.type("fro")
    #expect(screen.app.model.selected?.pid == 103)
    screen.press(.escape)
    #expect(screen.app.model.selected?.pid == 1)
    screen.press(.function(3))
    screen.type("work")
    screen.press(.enter)
    #expect(screen.app.model.selected?.pid == 101)
    #expect(screen.app.overlays.isEmpty)
    screen.press(.character("/"))
    screen.type("zzz")
    #expect(screen.text.contains("not found"))
  }

  @Test func filterKeepsAncestorsUntilEsc() {
    let screen = Screen()
    screen.press(.character("\\"))
    screen.type("frost")
    screen.press(.enter)
    #expect(!screen.text.contains("bash"))
    #expect(screen.roles(of: "python3") == [.dim])
    #expect(screen.text.contains("filter frost"))
    screen.press(.escape)
    #expect(screen.text.contains("bash"))
  }

  @Test func aVanishedSelectionIsToldAndNothingActsOnIt() {
    let screen = Screen()
    screen.type("103")
    screen.processes.records.removeAll { $0.pid == 103 }
    screen.refresh()
    #expect(screen.text.contains("frost (103) has ended"))
    screen.press(.character("D"))
    #expect(screen.app.overlays.isEmpty)
    screen.press(.character("k"))
    #expect(screen.app.overlays.isEmpty)
    screen.press(.down)
    #expect(screen.app.model.selectedProcess != nil)
  }

  @Test func clicksSelectRowsAndPressKeysOfTheBar() throws {
    let screen = Screen()
    let row = try #require(screen.row(with: "worker"))
    screen.app.handle(MouseEvent(.click, row: row, column: 60))
    #expect(screen.app.model.selected?.pid == 101)
    screen.draw()
    let bar = screen.canvas.text(row: 23)
    let column = try #require(bar.ranges(of: "F1 Help").first).lowerBound.utf16Offset(in: bar)
    screen.app.handle(MouseEvent(.click, row: 23, column: column + 1))
    screen.draw()
    #expect(screen.text.contains("─ Help ─"))
  }

  @Test func signalsGoToTheChosenProcess() {
    let screen = Screen()
    screen.type("101")
    screen.press(.function(9))
    #expect(screen.text.contains("Signal to worker (101)"))
    // Cancel has the bar: a reflex does nothing.
    screen.press(.enter)
    #expect(screen.signals.sent.withLock { $0.isEmpty })
    screen.press(.character("k"), .down, .enter)
    let sent = screen.signals.sent.withLock { $0 }
    #expect(sent.map(\.0) == [.terminate])
    #expect(sent.map(\.1) == [ProcessIdentity(pid: 101, startTime: 1010)])
  }

  @Test func taggedProcessesAllGetTheSignal() {
    let screen = Screen()
    screen.type("100")
    screen.press(.character("c"), .character("-"), .character("k"), .down, .down, .enter)
    #expect(screen.signals.sent.withLock { $0.map(\.1.pid) } == [100, 101, 102, 103])
    #expect(screen.signals.sent.withLock { $0.allSatisfy { $0.0 == .kill } })
  }

  @Test func failedSignalsGoToTheErrors() {
    let screen = Screen()
    screen.signals.problem.withLock { $0 = .notPermitted }
    screen.type("101")
    screen.press(.character("k"), .down, .enter)
    #expect(screen.app.errors.entries.map(\.problem.errno) == [.notPermitted])
    screen.press(.character("E"))
    #expect(screen.text.contains("SIGTERM cannot be sent"))
    #expect(screen.app.errors.unseen == 0)
  }

  @Test func threadsAreShownButNotSelected() throws {
    let screen = Screen(width: 100)
    screen.press(.character("H"))
    #expect(screen.app.wantsRefresh)
    screen.refresh()
    #expect(screen.text.contains("│ ├─ {loader}"))
    #expect(!screen.text.contains("{python3}"))
    screen.type("100")
    screen.press(.down)
    #expect(screen.app.model.selected?.pid == 101)
    screen.press(.up)
    #expect(screen.app.model.selected?.pid == 100)
    let row = try #require(screen.row(with: "{io}"))
    screen.press(.end)
    screen.app.handle(MouseEvent(.click, row: row, column: 70))
    #expect(screen.app.model.selected?.pid == 100)
    #expect(screen.app.model.selectedSubtree.count == 4)
    screen.press(.character("H"))
    screen.refresh()
    #expect(!screen.text.contains("{loader}"))
  }

  @Test func pauseStaysSaid() {
    let screen = Screen()
    screen.press(.character("Z"))
    #expect(screen.app.isPaused && screen.text.contains("PAUSED"))
    screen.press(.character("Z"))
    #expect(!screen.app.isPaused && screen.app.wantsRefresh)
  }

  @Test func readOnlyRefusesChanges() {
    let screen = Screen(readOnly: true)
    screen.type("100")
    for key in [Key.character("D"), .character("z"), .character("k"), .function(9)] {
      screen.press(key)
      #expect(screen.app.overlays.isEmpty)
      #expect(screen.text.contains("read-only"))
    }
    screen.press(.character("R"))
    #expect(screen.app.overlays.count == 1)
  }

  /// No bar and no hint offers what is refused anyway.
  @Test(arguments: [(40, 10), (80, 24), (200, 50)])
  func readOnlyOffersNothingThatChangesSomething(width: Int, height: Int) {
    let screen = Screen(width: width, height: height, readOnly: true)
    screen.images.entries.withLock { $0 = [ImageEntry(path: "/images/a.crtop", time: 1, bytes: 1, tasks: 1)] }
    func bar() -> String { screen.canvas.text(row: height - 1) }
    #expect(bar().contains("R Images") && bar().contains("Quit"))
    for word in ["Checkpoint", "Restart", "Freeze", "Signal"] { #expect(!bar().contains(word)) }
    screen.press(.character("R"))
    screen.catchUp()
    #expect(bar().contains("Look") && !bar().contains("Restart") && !bar().contains("Delete"))
    screen.press(.escape, .character("o"))
    #expect(!screen.text.contains("D checkpoints") && !bar().contains("Cancel it"))
    screen.press(.escape, .character("S"))
    #expect(bar().contains("Done") && !bar().contains("Save"))
    screen.press(.escape, .character("h"))
    #expect(!screen.text.contains("checkpoint: check the subtree"))
  }
}
