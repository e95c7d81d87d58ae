/// Asks the engine, beside the event loop, whether the subtrees on the screen can be checkpointed.

internal import CheckpointRestart
internal import ProcessTree
internal import SystemCalls

extension Application {
  /// When `askForMark` has something to do; `nil`: not until news comes. Never while an operation works on a job.
  package var markDue: Double? {
    columnsShown.contains(.ckpt) && operation?.isRunning != true && changesUnderWay == 0 && !isPaused ? marks.due : nil
  }

  /// Asks about the selected subtree or the first on the screen of which nothing is known.
  package func askForMark() {
    let first = min(max(model.top, 0), model.rows.count)
    let rows = now < marks.othersDue ? 0 : max(layout.tree.height, 0)
    let visible = model.rows[first..<min(first + rows, model.rows.count)]
    for process in [model.selectedProcess].compactMap({ $0 }) + visible.filter({ $0.thread == nil }).map(\.process) {
      if process.isKernelThread || process.state == .zombie || isVital(process) { continue }
      let members = model.tree.subtree(of: process.identity)
      let identities = members.map(\.identity)
      guard marks.isStale(identities, now: now) else { continue }
      if members.reduce(0, { $0 + max($1.threads, 1) }) > CheckMarks.largestSubtree {
        marks.setLarge(identities, now: now)
        continue
      }
      let ticket = ticket()
      marks.ask(ticket, identities, now: now)
      services.background.run { [engine = services.engine] in
        .checked(
          ticket: ticket,
          Application.result { () throws(Problem) in try engine.check(process.taskIdentity, accepting: []) })
      }
      return
    }
    marks.rest(until: now + 0.5)
  }
}
