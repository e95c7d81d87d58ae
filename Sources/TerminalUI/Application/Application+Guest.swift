/// Lends the terminal to a job that is restarted in the foreground, and comes back when it has ended.

package import CheckpointRestart
internal import ProcessTree

/// Where the terminal is while the screen is away.
package enum Guest: Sendable {
  /// To be started: its command line, and what to call it.
  case wanted([String], subject: String)
  /// It has the terminal.
  case present(Int32, subject: String)
  /// It has ended; what it has left on the terminal can be read until Enter is pressed.
  case gone(String)
}

extension Application {
  /// Restarts a job in this terminal, as soon as the event loop has left it.
  package func restartInForeground(_ request: RestartRequest, inNewPidNamespace: Bool, subject: String) {
    guard !isReadOnly else { return tell("read-only: no restart is possible", .warning) }
    guard let launcher = services.launcher, !isOperating else {
      return tell("an operation is running: restart in the foreground when it has ended", .warning)
    }
    guest = .wanted(launcher.foreground(request, inNewPidNamespace: inNewPidNamespace), subject: subject)
  }

  /// An operation runs or waits for its turn.
  package var isOperating: Bool { operations.running != nil || !operations.queued.isEmpty }

  /// The guest has the terminal.
  func guestStarted(_ pid: Int32, subject: String) {
    guest = .present(pid, subject: subject)
    awaitGuest()
  }

  /// Asks to be told when it stops or ends.
  func awaitGuest() {
    guard case .present(let pid, _) = guest else { return }
    services.background.run { .guest(TerminalGuest.wait(for: pid)) }
  }

  /// Takes in how it has ended.
  func guestEnded(_ status: ExitStatus) {
    guard case .present(_, let subject) = guest else { return }
    let isRefused = status.code == 1
    tell("\(subject) in the foreground: \(status)", isRefused ? .warning : .information)
    guest = .gone("\(subject): \(status)")
    endIfIdle()
  }

  /// Back to the screen.
  func dismissGuest() {
    guest = nil
    (wantsRefresh, wantsRepaint, haveProcessesMoved) = (true, true, true)
  }
}
