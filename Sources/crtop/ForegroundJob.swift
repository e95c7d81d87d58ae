/// Defines `ForegroundJob`: crtop stands in for a restarted job, as a shell sees it, until its root task ends.

internal import CLinux
internal import Glibc
internal import ProcessTree
internal import SystemCalls

/// A job whose root is crtop's child, so that the pid cannot be reused before `run` has reaped it, or that the first process
/// of a pid namespace reports about.
struct ForegroundJob {
  private let root: Int32
  private let signals: SignalQueue
  private let terminal: JobTerminal?
  private let relay: NamespaceRelay?
  /// The job's own terminal, which is shown in crtop's.
  private let window: SessionTerminal?

  /// - Parameter terminal: taken before the restart, which may already have given it to the job; `nil`: there is none.
  init(
    root: Int32, signals: SignalQueue, terminal: JobTerminal?, relay: NamespaceRelay? = nil,
    window: SessionTerminal? = nil
  ) {
    self.window = window
    self.root = root
    self.signals = signals
    self.terminal = terminal
    self.relay = relay
    terminal?.lend(to: root)
  }

  /// Waits for the end of the root task, passes signals on to it, and stops when it stops.
  ///
  /// - Throws: ECHILD when somebody else has waited for it.
  func run() throws(Errno) -> ExitStatus {
    window?.begin()
    defer {
      window?.drain()
      window?.end()
      terminal?.takeBack()
    }
    while true {
      // The signals stay queued: a child that changes its state after this look makes the descriptor readable.
      if let status = try change() {
        guard crtop_wifstopped(status) else { return ExitStatus(rawValue: status) }
        stopWithJob(crtop_wstopsig(status))
        continue
      }
      var watched = [
        pollfd(fd: signals.descriptor, events: Int16(POLLIN), revents: 0),
        pollfd(fd: relay?.descriptor ?? -1, events: Int16(POLLIN), revents: 0),
      ]
      if let window { watched += window.watched }
      unsafe _ = poll(&watched, UInt(watched.count), -1)
      window?.transfer(watched.dropFirst(2))
      for signal in signals.takeAll() { forward(signal) }
    }
  }

  /// The root's new state as wait(2) tells it; `nil`: it has not changed.
  private func change() throws(Errno) -> Int32? {
    guard let relay else {
      var status: Int32 = 0
      return try systemCall({ unsafe waitpid(root, &status, WNOHANG | WUNTRACED) }) == root ? status : nil
    }
    switch relay.next() {
    case .changed(let status): return status
    case .over: throw .noChildProcess
    case .restarted, nil: return nil
    }
  }

  /// A signal that was sent to crtop is meant for the job, unless the job has had it from the terminal as well.
  func forward(_ signal: ArrivedSignal) {
    if signal.number == SIGWINCH, let window { return window.adaptSize() }
    guard signal.number != SIGCHLD, !(signal.isFromKernel && getpgid(root) == getpgrp()) else { return }
    _ = kill(root, signal.number)
  }

  private func stopWithJob(_ signal: Int32) {
    // Put into the background by crtop's being there, not by the user: it only lacks the terminal that we have, or it
    // asked for it a moment before it got it.
    if signal == SIGTTIN || signal == SIGTTOU, terminal?.give(to: root) == true { return resume() }
    terminal?.takeBack()
    window?.end()
    _ = kill(getpid(), SIGSTOP)
    window?.begin()
    // Here somebody has sent SIGCONT. After 'fg' the terminal is ours to give; after 'bg' it is not.
    _ = terminal?.give(to: root)
    resume()
    // That SIGCONT has been passed on with it.
    for signal in signals.takeAll() where signal.number != SIGCONT { forward(signal) }
  }

  private func resume() { _ = kill(getpgid(root) == root ? -root : root, SIGCONT) }
}
