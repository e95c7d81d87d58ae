/// Defines `EventLoop`, the one loop that waits for keys, news, signals and time.

internal import CLinux
internal import Glibc
internal import SystemCalls

/// Runs an application on a terminal until it ends.
struct EventLoop: ~Copyable {
  private let app: Application
  private var terminal: Terminal
  private let news: NewsQueue
  private let signals: SignalSource
  private var isTerminalGone = false
  private var nextRefresh = 0.0
  private var lastDrawn = 0.0
  private var needsDrawing = true
  /// Something was pressed: what it does is seen at once.
  private var isUrgent = false
  private var hurriedRefreshes: Int?

  /// Seconds: the least between two drawings, and the most while an operation's clocks run.
  private static let drawPeriod = 0.04
  private static let watchPeriod = 0.25

  init(
    app: Application, terminal: consuming Terminal, news: NewsQueue, signals: consuming SignalSource,
    hurriedRefreshes: Int? = nil
  ) {
    self.hurriedRefreshes = hurriedRefreshes
    self.app = app
    self.terminal = terminal
    self.news = news
    self.signals = signals
  }

  /// Returns the exit status. The first snapshot has been taken.
  mutating func run() -> Int32 {
    // The second snapshot comes soon: only then shares of the processor are known.
    nextRefresh = app.now + 0.3
    while app.exitStatus == nil {
      drawIfNeeded()
      wait()
      takeSignals()
      takeNews()
      takeInput()
      takeTime()
    }
    return app.exitStatus ?? 0
  }

  private mutating func drawIfNeeded() {
    let now = app.now
    guard needsDrawing, !isTerminalGone, isUrgent || now - lastDrawn >= Self.drawPeriod else { return }
    if terminal.theme != app.theme { terminal.use(app.theme) }
    if app.wantsRepaint {
      terminal.repaint()
      app.wantsRepaint = false
    }
    let size = terminal.size
    var canvas = Canvas(width: size.width, height: size.height, glyphs: terminal.glyphs)
    app.draw(on: &canvas)
    terminal.show(canvas)
    lastDrawn = now
    (needsDrawing, isUrgent) = (false, false)
  }

  /// poll(2) until something happens or is due.
  private mutating func wait() {
    let now = app.now
    var due = app.isRefreshing ? .infinity : nextRefresh
    if needsDrawing && !isTerminalGone { due = min(due, lastDrawn + Self.drawPeriod) }
    if let until = app.notice?.until { due = min(due, until) }
    if let mark = app.markDue, !isTerminalGone { due = min(due, mark) }
    if app.operation?.isRunning == true && !isTerminalGone { due = min(due, lastDrawn + Self.watchPeriod) }
    let milliseconds = Int32(max(min((due - now) * 1000, 10000), 0).rounded(.up))
    var files = [
      pollfd(fd: isTerminalGone ? -1 : STDIN_FILENO, events: Int16(POLLIN), revents: 0),
      pollfd(fd: news.descriptor, events: Int16(POLLIN), revents: 0),
      pollfd(fd: signals.descriptor, events: Int16(POLLIN), revents: 0),
    ]
    _ = try? systemCall(retry: false) { unsafe poll(&files, 3, milliseconds) }
    // The other side of the terminal is closed: nobody is watching any more.
    if files[0].revents & Int16(POLLHUP | POLLERR | POLLNVAL) != 0 { loseTerminal() }
  }

  private mutating func loseTerminal() {
    isTerminalGone = true
    app.terminate(status: 128 + SIGHUP)
  }

  private mutating func takeSignals() {
    while let signal = signals.next() {
      switch signal {
      case SIGWINCH: terminal.resize()
      case SIGCONT: terminal.reenter()
      case SIGTSTP: stop()
      case SIGHUP:
        isTerminalGone = true
        app.terminate(status: 128 + signal)
      default: app.terminate(status: 128 + signal)
      }
      needsDrawing = true
    }
  }

  /// Ctrl-Z. An operation's thread would stop too, in the middle of its work on a job: not then.
  private mutating func stop() {
    guard app.operation?.isRunning != true, app.changesUnderWay == 0 else {
      app.tell("an operation is running and would stop with crtop: wait for it, or cancel it with Esc", .warning)
      return
    }
    terminal.leave()
    signals.stopHere()
    terminal.reenter()
    app.wantsRefresh = true
  }

  private mutating func takeNews() {
    for item in news.takeAll() {
      app.receive(item)
      needsDrawing = true
    }
  }

  private mutating func takeInput() {
    guard !isTerminalGone else { return }
    while app.exitStatus == nil, let input = terminal.read(now: app.now) {
      switch input {
      case .key(let key): app.handle(key)
      case .mouse(let mouse): app.handle(mouse)
      case .nothing: break
      }
      (needsDrawing, isUrgent) = (true, true)
      // What was typed before a dialog opened is not meant for it.
      if app.wantsInputFlush {
        app.wantsInputFlush = false
        terminal.flushInput()
      }
    }
  }

  private mutating func takeTime() {
    let now = app.now
    if let mark = app.markDue, now >= mark { app.askForMark() }
    if app.tick() || (app.operation?.isRunning == true && now - lastDrawn >= Self.watchPeriod) { needsDrawing = true }
    guard app.wantsRefresh || (now >= nextRefresh && !app.isPaused) else {
      if now >= nextRefresh { nextRefresh = now + app.refreshSeconds }
      return
    }
    // One at a time; what is wanted meanwhile is done when it has come.
    guard !app.isRefreshing else { return }
    nextRefresh = now + app.refreshSeconds
    guard let left = hurriedRefreshes else { return app.requestRefresh() }
    app.refresh()
    app.wantsRefresh = false
    hurriedRefreshes = left - 1
    nextRefresh = now
    if left <= 1 { app.terminate(status: 0) }
    needsDrawing = true
  }
}
