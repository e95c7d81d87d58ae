import CheckpointRestart
import ProcessTree
import Synchronization
import SystemCalls
import Testing
import TerminalUI

/// Header, columns, themes, following.
@Suite struct ViewTests {
  private func machine(processors: Int, swap: UInt64 = 0) -> MachineStatus {
    var machine = MachineStatus()
    (machine.memoryTotal, machine.memoryAvailable, machine.swapTotal) = (8 << 30, 6 << 30, swap)
    machine.swapFree = swap
    (machine.processors, machine.cpuPercent) = (processors, 50)
    machine.processorPercents = (0..<processors).map { Double($0 % 100) }
    return machine
  }

  private func header(processors: Int, swap: UInt64 = 0, width: Int, height: Int) -> Screen {
    let screen = Screen(width: width, height: height)
    screen.processes.machine = machine(processors: processors, swap: swap)
    screen.refresh()
    return screen
  }

  @Test func fewProcessorsHaveAMeterEach() {
    let screen = header(processors: 4, swap: 2 << 30, width: 80, height: 24)
    #expect(screen.text.contains("0[") && screen.text.contains("3[") && screen.text.contains("3%]"))
    #expect(screen.text.contains("Mem[") && screen.text.contains("2.0G of 8.0G]"))
    #expect(screen.text.contains("Swp[") && screen.text.contains("0 of 2.0G]"))
    #expect(!screen.text.contains("CPU["))
  }

  @Test func manyProcessorsStandInColumnsOrAreFolded() {
    let wide = header(processors: 64, width: 250, height: 70)
    for number in 0..<64 { #expect(wide.text.contains("\(number)["), "\(number)") }
    #expect(wide.app.layout.header.height <= 9)
    let narrow = header(processors: 64, width: 80, height: 24)
    #expect(narrow.text.contains("CPU[") && narrow.text.contains("50.0% of 64]"))
  }

  @Test(arguments: [(40, 10), (40, 24), (60, 18), (80, 24), (120, 40), (250, 70)])
  func theHeaderStaysInItsLines(width: Int, height: Int) {
    for processors in [1, 2, 7, 33, 500] {
      let screen = header(processors: processors, swap: 1 << 30, width: width, height: height)
      #expect(screen.canvas.text(row: screen.app.layout.titles.row).contains("PID"))
      for row in 0..<height { #expect(screen.canvas.text(row: row).columns <= width) }
      #expect(screen.app.layout.header.height <= height / 6 + 1)
    }
  }

  @Test func theHeaderIsHiddenByItsKey() {
    let screen = Screen()
    #expect(screen.app.layout.header.height > 0 && screen.text.contains("Mem["))
    screen.press(.character("#"))
    #expect(screen.app.layout.header.height == 0 && !screen.text.contains("Mem["))
    #expect(screen.canvas.text(row: 0).contains("PID"))
    screen.press(.character("#"))
    #expect(screen.text.contains("Mem["))
  }

  // MARK: Columns

  @Test func allColumnsShowTheirValues() {
    var configuration = Configuration()
    configuration.columns = Column.allCases
    var records = sampleProcesses()
    records[2].pgid = 77
    records[2].sid = 66
    records[2].terminal = "pts/3"
    records[2].nice = -5
    records[2].priority = 15
    records[2].cgroup = "/batch/night"
    records[2].startTime(secondsAfterBoot: 40)
    let screen = Screen(records, width: 250, height: 20, configuration: configuration)
    let titles = screen.canvas.text(row: screen.app.layout.titles.row)
    let names = "PID PPID PGID SID USER PRI NI S STATE CPU% MEM TIME START THR TTY CGROUP CKPT COMMAND"
    var rest = Substring(titles)
    for name in names.split(separator: " ") {
      let place = rest.firstRange(of: name)
      #expect(place != nil, "\(name)")
      if let place { rest = rest[place.upperBound...] }
    }
    let row = screen.row(with: "python3").map { screen.canvas.text(row: $0) } ?? ""
    let words = row.split(separator: " ")
    for value in [
      "100", "1", "77", "66", "alice", "15", "-5", "R", "running", "312.5", "100M", "pts/3", "/batch/night", "8",
    ] {
      #expect(words.contains(Substring(value)), "\(value) in \(row)")
    }
  }

  /// 80 columns have room for the time as well, whoever runs things and however large pids are; names are cut as by top(1).
  @Test(arguments: [(1234, "systemd+"), (1_234_567, "system+")])
  func aLongNameOfAUserIsCut(pid: Int32, shown: String) {
    var process = ProcessRecord(identity: ProcessIdentity(pid: pid, startTime: 5), ppid: 0, comm: "timesyncd")
    process.userName = "systemd-timesync"
    let screen = Screen([process])
    #expect(screen.text.contains(" TIME ") && screen.text.contains(" CKPT "))
    #expect(screen.text.contains(" \(shown) S") && screen.text.contains("timesyncd"))
  }

  @Test func narrowScreensLeaveOutWhatMattersLeast() {
    var facts = ColumnFacts(pidWidth: 5, userWidth: 8)
    #expect(Column.fitting(Column.standard, width: 120, &facts) == Column.standard)
    #expect(Column.fitting(Column.standard, width: 80, &facts) == Column.standard)
    #expect(!facts.isStateShort)
    #expect(Column.fitting(Column.standard, width: 70, &facts) == [.pid, .user, .state, .cpu, .mem, .thr, .ckpt])
    #expect(Column.fitting(Column.allCases, width: 40, &facts) == [.pid, .state, .cpu])
    #expect(facts.isStateShort)
  }

  @Test func clicksOnTitlesSort() throws {
    let screen = Screen(width: 120)
    let row = screen.app.layout.titles.row
    let titles = screen.canvas.text(row: row)
    let place = try #require(titles.firstRange(of: "MEM"))
    let column = titles.distance(from: titles.startIndex, to: place.lowerBound)
    screen.app.handle(MouseEvent(.click, row: row, column: column))
    #expect(screen.app.model.order == SortOrder(.memory))
    screen.app.handle(MouseEvent(.click, row: row, column: column))
    #expect(screen.app.model.order == SortOrder(.memory, descending: false))
    screen.app.handle(MouseEvent(.click, row: row, column: titles.count - 1))
    #expect(screen.app.model.order == SortOrder(.command))
  }

  @Test(arguments: SortKey.allCases) func everyOrderIsDrawn(key: SortKey) {
    let screen = Screen(width: 120)
    screen.app.model.order = SortOrder(key)
    for isTree in [true, false] {
      screen.app.model.isTree = isTree
      screen.draw()
      #expect(screen.app.model.rows.count == 7)
      #expect(screen.canvas.text(row: screen.app.layout.titles.row).contains(key.isDescendingByNature ? "▼" : "▲"))
      let order = screen.app.model.order
      let roots = screen.app.model.rows.map(\.process)
      if !isTree { #expect(zip(roots, roots.dropFirst()).allSatisfy { !order.precedes($1, $0) }) }
    }
  }

  @Test func theSetupShowsHidesMovesAndSaves() throws {
    let path = "/tmp/crtop-test-setup-\(screenNumber())"
    let file = ConfigurationFile(path: path)
    defer { removeFile(path) }
    let screen = Screen(width: 120, file: file)
    screen.press(.function(2))
    #expect(screen.text.contains("Setup: columns") && screen.text.contains("[x] pid"))
    // USER out, MEM to the left of CPU%.
    screen.press(.down, .character(" "), .home, .down, .down, .down, .left)
    #expect(screen.app.columns == [.pid, .state, .mem, .cpu, .time, .thr, .ckpt])
    screen.press(.end, .character(" "))
    #expect(screen.app.columns.last == .cgroup)
    #expect(file.read().configuration == Configuration())
    screen.press(.character("t"), .character("s"))
    #expect(screen.text.contains("saved in \(path)"))
    #expect(file.read().configuration.columns == screen.app.columns)
    #expect(file.read().configuration.theme == .light)
    screen.press(.character("d"), .escape)
    #expect(screen.app.columns == Column.standard && screen.app.overlays.isEmpty)
  }

  @Test func readOnlySavesNothing() {
    let path = "/tmp/crtop-test-setup-\(screenNumber())"
    let screen = Screen(readOnly: true, file: ConfigurationFile(path: path))
    screen.press(.character("S"), .character("s"))
    #expect(screen.text.contains("read-only"))
    #expect(!removeFile(path))
  }

  // MARK: Marks

  private func askAll(_ screen: Screen) {
    for _ in 0..<60 {
      if screen.app.markDue != nil { screen.app.askForMark() }
      screen.catchUp()
      screen.clock.advance(0.1)
    }
  }

  @Test func marksComeOneByOneForWhatIsSeen() {
    let screen = Screen(width: 120)
    screen.app.askForMark()
    // The selected process is init, which is not asked about; one question at a time.
    #expect(screen.app.markDue == nil)
    screen.catchUp()
    #expect(screen.engine.state.withLock { $0.checked.map(\.pid) } == [100])
    #expect(screen.roles(of: "yes") == [.good])
    screen.engine.state.withLock { $0.report.problems = [socketProblem] }
    askAll(screen)
    // Not the zombie, not crtop, nor what it runs below; each once.
    #expect(screen.engine.state.withLock { $0.checked.map(\.pid) } == [100, 101, 103])
    screen.type("101")
    #expect(screen.text.contains("No checkpoint: descriptor 5 is a socket"))
    let row = screen.row(with: "worker").map { screen.canvas.text(row: $0) } ?? ""
    #expect(row.contains(" no "))
  }

  @Test func marksAreAskedForAgainWhenTheSubtreeChanges() {
    let screen = Screen(width: 120)
    askAll(screen)
    screen.processes.records.removeAll { $0.pid == 103 }
    screen.refresh()
    askAll(screen)
    #expect(screen.engine.state.withLock { $0.checked.map(\.pid) } == [100, 101, 103, 100, 101])
  }

  @Test func marksDoNotDisturb() {
    var records = sampleProcesses()
    records[2].threads = 100
    let screen = Screen(records, width: 120)
    askAll(screen)
    // Too many threads to be looked at unasked.
    #expect(!screen.engine.state.withLock { $0.checked.map(\.pid) }.contains(100))
    let row = screen.row(with: "python3").map { screen.canvas.text(row: $0) } ?? ""
    #expect(row.contains(" ? "))
    screen.press(.character("Z"))
    #expect(screen.app.markDue == nil)
    screen.press(.character("Z"))
    screen.app.columns = [.pid]
    screen.draw()
    #expect(screen.app.markDue == nil)
  }

  // MARK: Other views

  /// Any size at any moment of an operation: nothing outside, the tree stays, the panel is told apart.
  @Test func resizingDuringAnOperation() {
    let screen = Screen()
    screen.type("100")
    screen.press(.character("D"))
    screen.catchUp()
    screen.press(.enter)
    #expect(screen.app.operation?.isRunning == true)
    let sizes = [(80, 24), (40, 10), (250, 70), (39, 9), (41, 11), (120, 40), (1, 1), (80, 24), (60, 16), (100, 13)]
    for (step, size) in sizes.enumerated() {
      screen.engine.emit(
        .task(
          TaskProgress(
            task: TaskName(pid: 100 + Int32(step % 4), comm: "worker"), phase: .memory, done: UInt64(step),
            total: UInt64(sizes.count))))
      screen.background.catchUp(screen.app)
      screen.canvas = Canvas(width: size.0, height: size.1)
      screen.draw()
      guard size.0 >= Layout.minimumWidth, size.1 >= Layout.minimumHeight else { continue }
      #expect(screen.app.layout.tree.height >= 2)
      #expect(screen.canvas.text(row: size.1 - 1).contains("Quit"))
      #expect(screen.row(with: "python3") != nil && screen.app.layout.panel.height > 0)
    }
  }

  @Test func frozenTasksSayWhoFrozeThem() {
    var records = sampleProcesses()
    records[5].frozenGroup = "/user/crtop-101"
    let screen = Screen(records, width: 120)
    #expect(screen.text.contains("frost frozen by crtop"))
    records[5].frozenGroup = "/batch/night"
    screen.processes.records = records
    screen.refresh()
    #expect(screen.text.contains("frost frozen by cgroup /batch/night"))
  }

  @Test func followingHoldsTheLine() {
    let screen = Screen(
      (1...100).map { ProcessRecord(identity: .init(pid: $0, startTime: UInt64($0)), ppid: 0, comm: "p\($0)") })
    screen.type("50")
    let line = screen.row(with: "[p50]")
    screen.press(.character("F"))
    #expect(screen.text.contains(" following"))
    screen.processes.records.removeAll { 20...40 ~= $0.pid }
    screen.refresh()
    #expect(screen.app.model.selectedProcess?.pid == 50)
    #expect(screen.row(with: "[p50]") == line)
    screen.press(.down)
    #expect(!screen.text.contains(" following"))
  }

  @Test func vitalProcessesAreKnown() {
    let app = Screen().app
    #expect(app.vital(among: app.model.tree.processes).map(\.pid) == [1, 200, 900])
  }

  @Test(arguments: Theme.allCases) func statesDifferInEveryTheme(theme: Theme) {
    // By more than colour: every state has a letter and a word of its own.
    #expect(Set(ProcessState.allCases.map(\.letter)).count == ProcessState.allCases.count)
    #expect(Set(ProcessState.allCases.map(\.word)).count == ProcessState.allCases.count)
    let screen = Screen()
    screen.app.theme = theme
    screen.draw()
    #expect(screen.text.contains("F FROZEN") && screen.text.contains("Z zombie"))
  }
}

extension ProcessRecord {
  fileprivate mutating func startTime(secondsAfterBoot seconds: UInt64) {
    identity.startTime = seconds * clockTicksPerSecond
  }
}

private let counter = Mutex(0)

/// For names of files.
private func screenNumber() -> String {
  let number = counter.withLock { value in
    value += 1
    return value
  }
  return "\(ownPid())-\(number)"
}
