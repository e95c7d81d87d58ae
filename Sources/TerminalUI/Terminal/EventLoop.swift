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
      lendTerminalIfWanted()
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
    guard needsDrawing, !isTerminalGone, app.guest == nil, isUrgent || now - lastDrawn >= Self.drawPeriod else {
      return
    }
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
    if app.guest != nil { return waitForGuest() }
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

  /// poll(2) while the screen is away: nothing is drawn and no snapshot is taken.
  private mutating func waitForGuest() {
    var isGone = false
    if case .gone = app.guest { isGone = true }
    var files = [
      pollfd(fd: isGone ? STDIN_FILENO : -1, events: Int16(POLLIN), revents: 0),
      pollfd(fd: news.descriptor, events: Int16(POLLIN), revents: 0),
      pollfd(fd: signals.descriptor, events: Int16(POLLIN), revents: 0),
    ]
    _ = try? systemCall(retry: false) { unsafe poll(&files, 3, 10000) }
    if files[0].revents & Int16(POLLIN) != 0 {
      terminal.flushInput()
      comeBack()
    } else if files[0].revents != 0 {
      loseTerminal()
    }
  }

  /// Leaves the screen to a guest that wants it.
  private mutating func lendTerminalIfWanted() {
    guard case .wanted(let arguments, let subject) = app.guest else { return }
    terminal.leave()
    Terminal.print("crtop: restarting \(subject) in this terminal; crtop comes back when it has ended.")
    do throws(Errno) {
      app.guestStarted(try TerminalGuest.start(arguments, mask: signals.maskBefore), subject: subject)
    } catch {
      app.report(error.problem("crtop cannot start itself anew"), during: "restart of \(subject)")
      comeBack()
    }
  }

  private mutating func comeBack() {
    app.dismissGuest()
    terminal.reenter()
    needsDrawing = true
  }

  private mutating func take(_ change: TerminalGuest.Change) {
    switch change {
    case .stopped:
      // As the shell sees it, it is crtop that has been stopped by Ctrl-Z.
      signals.stopHere()
      if case .present(let pid, _) = app.guest { kill(pid, SIGCONT) }
      app.awaitGuest()
    case .ended(let status):
      app.guestEnded(status)
      terminal.takeBack()
      if case .gone(let text) = app.guest { Terminal.print("crtop: \(text). Press Enter to go back to the screen.") }
    }
  }

  private mutating func loseTerminal() {
    isTerminalGone = true
    app.terminate(status: 128 + SIGHUP)
  }

  private mutating func takeSignals() {
    while let signal = signals.next() {
      if app.guest != nil {
        takeSignalAway(signal)
        continue
      }
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

  /// A signal while the screen is away. What comes from the keyboard is the guest's; an end is passed on to it.
  private mutating func takeSignalAway(_ signal: Int32) {
    guard case .present(let pid, _) = app.guest else {
      if signal == SIGINT { comeBack() }
      if signal == SIGTERM || signal == SIGHUP { app.terminate(status: 128 + signal) }
      return
    }
    guard signal == SIGTERM || signal == SIGHUP else { return }
    if signal == SIGHUP { isTerminalGone = true }
    kill(pid, signal)
    app.terminate(status: 128 + signal)
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
      if case .guest(let change) = item { take(change) } else { app.receive(item) }
      needsDrawing = true
    }
  }

  private mutating func takeInput() {
    guard !isTerminalGone else { return }
    while app.exitStatus == nil, app.guest == nil, let input = terminal.read(now: app.now) {
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
    guard app.guest == nil else { return }
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
