/// Defines `NamespaceRestart`, the restart of a job in a pid namespace of its own, seen from outside.

internal import ArgumentParser
internal import CLinux
internal import Glibc
internal import ProcessTree
internal import SystemCalls

/// crtop starts itself anew as the first process of the namespace (`NamespaceInit`), which does all the work and prints what
/// there is to print. This one stands for the job outside: for its shell, its terminal, and who sends it signals.
struct NamespaceRestart {
  let isDetached: Bool
  let isJSON: Bool

  /// - Returns: how the job's root has ended; `nil`: it was detached.
  func run() throws -> ExitStatus? {
    let terminal = isDetached ? nil : JobTerminal()
    let signals: SignalQueue
    let relay: NamespaceRelay
    do throws(Errno) { signals = try SignalQueue() } catch {
      try Outcome.fail("restart", [error.problem("cannot watch for signals")], isJSON: isJSON)
    }
    do throws(Problem) { relay = try NamespaceRelay(ownSession: isDetached) } catch {
      try Outcome.fail("restart", [error], isJSON: isJSON)
    }
    let root = try awaitRestart(relay, signals)
    if isJSON, let summary = relay.summary {
      var done = JSON.done(summary)
      done.append("root_outside", root > 0 ? JSON(root) : .null)
      try? Output.json(done)
    }
    if isDetached {
      if !isJSON {
        Output.note("Outside its pid namespace the root is process \(root), a child of process \(relay.first).")
      }
      return nil
    }
    let job = ForegroundJob(root: root, signals: signals, terminal: terminal, relay: relay)
    do throws(Errno) { return try job.run() } catch {
      Output.problem(error.problem("cannot learn how the job ends, which runs on"))
      throw ExitCode.failure
    }
  }

  private func awaitRestart(_ relay: NamespaceRelay, _ signals: SignalQueue) throws(ExitCode) -> Int32 {
    while true {
      switch relay.next() {
      case .restarted(let root): return root
      case .over(let status): throw ExitCode(status == 0 ? 1 : status)
      case .changed: continue
      case nil: break
      }
      var watched = [
        pollfd(fd: signals.descriptor, events: Int16(POLLIN), revents: 0),
        pollfd(fd: relay.descriptor, events: Int16(POLLIN), revents: 0),
      ]
      unsafe _ = poll(&watched, 2, -1)
      // It is in a group of its own, so what comes from the terminal comes here alone.
      for signal in signals.takeAll() where signal.number != SIGCHLD { _ = kill(relay.first, signal.number) }
    }
  }
}
