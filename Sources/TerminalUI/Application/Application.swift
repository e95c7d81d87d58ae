/// Defines `Application`, the state of the screen and what events do to it. It knows no terminal.

package import ProcessTree
package import SystemCalls

/// A line of news for the user.
package struct Notice: Sendable {
  package var text: String
  package var role: Role
  /// Monotonic seconds at which it goes away; `nil`: it stays until another takes its place or Esc is pressed.
  package var until: Double?
  /// For newcomers; whoever has opened a dialog needs the room more.
  package var isGreeting = false
}

/// To be used by one thread, the one of the event loop.
package final class Application {
  package let services: Services
  package let isReadOnly: Bool
  package let keymap: Keymap
  /// Seconds between two refreshes.
  package let refreshSeconds: Double
  /// Where the setup can be saved; `nil`: nowhere.
  let configurationFile: ConfigurationFile?
  package var theme: Theme
  package var columns: [Column]
  package var showsHeader: Bool
  package var model = TreeModel()
  package var machine = MachineStatus()
  /// What lies over the tree, the topmost last.
  package private(set) var overlays: [any Overlay] = []
  package internal(set) var operations = OperationList()
  /// Of the running operation.
  var running: (any RunningOperation)?
  /// How to start those that wait, by id.
  var starters: [Int: (Int) -> any RunningOperation] = [:]
  /// How many of the running operation's tasks are scrolled away in the panel.
  package internal(set) var panelTop = 0
  /// What earlier checkpoints of this run say about the next one.
  package internal(set) var forecast = Forecast()
  package internal(set) var verdicts = ImageVerdicts()
  /// Paths of images outside of the store that are in the list in this run.
  package internal(set) var openedImages: [String] = []
  package var errors = ErrorLog()
  package internal(set) var notice: Notice?
  package internal(set) var isPaused = false
  package internal(set) var showsThreads = false
  package internal(set) var searchPattern = ""
  /// Digits typed to jump to a pid, when the last one came, and what was selected before the first.
  private var jump: (digits: String, time: Double, origin: ProcessIdentity?) = ("", 0, nil)
  /// A restarted root to be selected as soon as a snapshot shows it.
  var selectionToCome: Int32?
  /// Roots of restarted jobs, by the process that may be a child of this one and is then reaped here.
  package internal(set) var restartedRoots: [Int32: Int32] = [:]
  /// Who has the terminal instead of the screen.
  package internal(set) var guest: Guest?
  /// Exit status of the program, when it is to end.
  package internal(set) var exitStatus: Int32?
  /// The status to end with as soon as no operation runs any more.
  var exitStatusWhenIdle: Int32?
  /// Freezes and thaws under way: the program must not end in the middle of one.
  package internal(set) var changesUnderWay = 0
  var nextTicket = 1
  /// What the event loop is to do before it goes on.
  package var wantsInputFlush = false
  package var wantsRepaint = false
  package var wantsRefresh = false
  /// A snapshot is being taken on another thread.
  var isRefreshing = false
  /// The next snapshot must look again where processes are: an operation has moved some.
  var haveProcessesMoved = false
  /// As it was drawn last, for the mouse and for paging.
  package internal(set) var layout = Layout(width: 80, height: 24)
  var barTargets: [(Rect, Key)] = []
  var titleTargets: [(Rect, SortKey)] = []
  /// The columns that the screen has room for, as drawn last.
  package internal(set) var columnsShown: [Column] = []
  /// What is known of which subtrees can be checkpointed.
  package internal(set) var marks = CheckMarks()

  package init(
    services: Services, isReadOnly: Bool = false, configuration: Configuration = Configuration(),
    file: ConfigurationFile? = nil
  ) {
    self.services = services
    self.isReadOnly = isReadOnly
    configurationFile = file
    keymap = Keymap(configuration.keys)
    refreshSeconds = configuration.refreshSeconds
    theme = configuration.theme
    columns = configuration.columns
    showsHeader = configuration.showsHeader
    showsThreads = configuration.showsThreads
    model.isTree = configuration.isTree
    model.order = configuration.order
    model.showsKernelThreads = configuration.showsKernelThreads
  }

  package var now: Double { services.clock.monotonic }

  /// The operation in the panel: running, or ended and not yet dismissed.
  package var operation: OperationModel? { operations.shown }

  // MARK: Overlays

  /// Puts something over the tree. What was typed before a dialog appeared is not meant for it; a line for text is no
  /// danger, and whoever types `/name` at once means it.
  package func present(_ overlay: any Overlay) {
    if notice?.until != nil || notice?.isGreeting == true { notice = nil }
    overlays.append(overlay)
    if !overlay.isLine { wantsInputFlush = true }
  }

  /// Takes an overlay away.
  package func dismiss(_ overlay: any Overlay) { overlays.removeAll { $0 === overlay } }

  /// Back to the tree.
  package func dismissAll() { overlays = [] }

  // MARK: News

  /// Shows a line for a while.
  package func tell(_ text: String, _ role: Role = .information) {
    notice = Notice(text: text, role: role, until: now + 6)
  }

  /// Takes a line away, if it is still the one that is shown.
  func withdraw(_ text: String) { if notice?.text == text { notice = nil } }

  /// Logs a problem and shows it until something else is said.
  package func report(_ problem: Problem, during: String) {
    errors.add(problem, during: during, time: services.clock.real)
    notice = Notice(text: "\(during): \(problem.lineOnScreen)", role: .error, until: nil)
  }

  /// Takes a new snapshot here and now.
  package func refresh() { take(sampling().run()) }

  /// Has a snapshot taken on another thread, unless one is under way: keys are answered meanwhile.
  func requestRefresh() {
    guard !isRefreshing else { return }
    (isRefreshing, wantsRefresh) = (true, false)
    services.background.run { [sampling = sampling()] in .sampled(sampling.run()) }
  }

  private func sampling() -> Sampling {
    defer { haveProcessesMoved = false }
    return Sampling(services.processes, haveMoved: haveProcessesMoved, withThreads: showsThreads)
  }

  /// Shows a new snapshot, and does what follows from it.
  func take(_ sample: Sample) {
    let snapshot = sample.snapshot
    machine = snapshot.machine
    let before = model.selected
    marks.keep(snapshot.tree)
    model.update(snapshot.tree, threads: sample.threads)
    if before != nil && model.selected == nil, let lost = model.lost {
      tell("\(lost.comm) (\(lost.pid)) has ended; nothing is selected now", .warning)
    }
    if let pid = selectionToCome, model.select(pid: pid) { selectionToCome = nil }
    reapRestartedRoots()
    for overlay in overlays { overlay.refreshed(in: self) }
  }

  /// Lets time pass: lines vanish. Whether anything changed.
  package func tick() -> Bool {
    guard let until = notice?.until, until <= now else { return false }
    notice = nil
    return true
  }

  /// The end of the program is wanted by a signal: a running operation is undone first.
  package func terminate(status: Int32) {
    exitStatusWhenIdle = status
    withdrawAll()
    cancelOperation()
    endIfIdle()
  }

  /// Ends the program if that is wanted and nothing is under way.
  func endIfIdle() {
    guard operations.running == nil, changesUnderWay == 0 else { return }
    if case .present = guest { return }
    exitStatus = exitStatusWhenIdle ?? exitStatus
  }

  // MARK: Keys and mouse

  /// Takes one key.
  package func handle(_ key: Key) {
    if let overlay = overlays.last {
      if key == .control("l") { wantsRepaint = true } else { overlay.handle(key, in: self) }
      return
    }
    if case .character(let character) = key, character.isASCII, character.isWholeNumber {
      jumpToPid(character)
      return
    }
    jump.digits = ""
    guard let binding = keymap.binding(for: key) else { return }
    if isReadOnly && binding.changesSomething {
      tell("read-only: nothing was done (\(binding.help))", .warning)
    } else {
      perform(binding.action)
    }
  }

  /// Takes what the mouse did.
  package func handle(_ mouse: MouseEvent) {
    // What stood there may have changed since the first click of a double one.
    if mouse.kind == .click || mouse.kind == .doubleClick,
      let target = barTargets.first(where: { $0.0.contains(row: mouse.row, column: mouse.column) })
    {
      handle(target.1)
    } else if let overlay = overlays.last {
      overlay.handle(mouse, in: self)
    } else {
      handleInTree(mouse)
    }
  }

  private func handleInTree(_ mouse: MouseEvent) {
    switch mouse.kind {
    case .wheelUp where layout.panel.contains(row: mouse.row, column: mouse.column): perform(.panelUp)
    case .wheelDown where layout.panel.contains(row: mouse.row, column: mouse.column): perform(.panelDown)
    case .wheelUp: model.move(by: -3)
    case .wheelDown: model.move(by: 3)
    case .click, .doubleClick:
      if let title = titleTargets.first(where: { $0.0.contains(row: mouse.row, column: mouse.column) }) {
        sort(by: title.1)
        return
      }
      guard layout.tree.contains(row: mouse.row, column: mouse.column) else { return }
      let row = model.top + mouse.row - layout.tree.row
      guard model.rows.indices.contains(row) else { return }
      model.selectRow(row)
      if mouse.kind == .doubleClick { perform(.toggleFold) }
    }
  }

  /// Digits in quick succession make a pid; the selection goes to it as soon as it names one.
  private func jumpToPid(_ digit: Character) {
    if now - jump.time > 1.5 || jump.digits.count >= 9 { jump.digits = "" }
    jump = (jump.digits + String(digit), now, jump.digits.isEmpty ? model.selected : jump.origin)
    let found = Int32(jump.digits).map { model.select(pid: $0) } ?? false
    // Not on the way: whoever has the first digits for a pid is not who was meant.
    if !found, let origin = jump.origin { model.select(origin) }
    tell("PID \(jump.digits)" + (found ? "" : ": no such process yet"), found ? .good : .information)
  }
}
