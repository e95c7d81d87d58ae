/// Defines `Restoration`: gives the created tasks their state. Zombies end here.

internal import CLinux
internal import CheckpointImage
internal import ImageSchema
internal import SystemCalls
internal import Tracing

struct Restoration {
  let context: RestartContext

  init(_ context: RestartContext) { self.context = context }

  /// Zombies, process state, threads, thread state. In each step many tasks work at once.
  func run(_ scaffold: borrowing Scaffold, _ creation: borrowing TaskCreation) throws(Problem) {
    try endZombies(scaffold)
    for process in context.live { try JobControl.make(process, scaffold) }
    try context.inherited.applySettings(context.metadata.sharedObjects)
    try restoreProcesses(context.alone, scaffold)
    // Each uses what it shares before the first of them makes it final.
    for process in context.sharing.reversed() { try restoreProcesses([process], scaffold) }
    for process in context.live {
      try creation.createThreads(of: process, scaffold)
      if process.image.deadLeader { try DeadLeader.end(process, context, scaffold) }
      try restoreThreads(of: process, scaffold)
    }
  }

  private func restoreProcesses(_ processes: [RestartingProcess], _ scaffold: borrowing Scaffold) throws(Problem) {
    try scaffold.forAll(processes) { process, calls throws(Problem) in
      for kind in KindsOfState.process { try kind.restore(process, context, &calls) }
    }
  }

  /// They end after everything that can fail early, and before their parents' signal actions are set: the notification of
  /// their death is discarded with the SIGCHLD that the default action ignores.
  private func endZombies(_ scaffold: borrowing Scaffold) throws(Problem) {
    for process in context.processes.reversed() where process.isZombie {
      var calls = scaffold.newCalls(slot: process.slot)
      Zombies.end(process, &calls)
      let signal = Zombies.ExitCode(status: process.image.exitCode).signal
      try scaffold.start(
        process.leader, calls, stopSignal: process.stopSignal, unblocked: signal == 0 ? 0 : SignalSets.bit(signal))
      let status = UInt32(bitPattern: try scaffold.awaitEnd(process.leader))
      let accepted = context.request.acceptedLosses.contains(.coreFlag) && status | 0x80 == process.image.exitCode
      guard status == process.image.exitCode || accepted else {
        throw Problem(
          task: process.name, errno: .ioError, what: "exit code \(process.image.exitCode)",
          why: "the new zombie has \(status) instead")
      }
      try context.progress(process, .zombie)
    }
  }

  private func restoreThreads(of process: RestartingProcess, _ scaffold: borrowing Scaffold) throws(Problem) {
    for thread in process.threads {
      var calls = scaffold.newCalls(slot: process.slot)
      for kind in KindsOfState.thread { try kind.restore(thread, of: process, &calls) }
      try scaffold.run(thread.traced, &calls, stopSignal: process.stopSignal)
    }
  }
}

extension Scaffold {
  /// Lets the leaders of many tasks make calls at the same time.
  func forAll(
    _ processes: [RestartingProcess], _ fill: (RestartingProcess, inout RemoteCalls) throws(Problem) -> Void
  ) throws(Problem) {
    var lists: [(process: RestartingProcess, calls: RemoteCalls)] = []
    for process in processes {
      var calls = newCalls(slot: process.slot)
      try fill(process, &calls)
      try start(process.leader, calls, stopSignal: process.stopSignal)
      lists.append((process, calls))
    }
    for index in lists.indices {
      let process = lists[index].process
      try finish(process.leader, &lists[index].calls, stopSignal: process.stopSignal)
    }
  }
}
