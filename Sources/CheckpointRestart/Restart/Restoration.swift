/// Defines `Restoration`: gives the created tasks their memory and state. Zombies end here.

internal import CLinux
internal import CheckpointImage
internal import ImageSchema
internal import SystemCalls
internal import Tracing

struct Restoration {
  let context: RestartContext

  init(_ context: RestartContext) { self.context = context }

  /// Map, fill, zombies, process state, threads, thread state. In each step many tasks work at once.
  func run(_ scaffold: borrowing Scaffold, _ image: inout VerifiedImage, _ creation: borrowing TaskCreation) throws(Problem) {
    try forAll(scaffold) { process, calls throws(Problem) in
      try context.progress(process, .restore)
      try AddressSpace.map(process, context, &calls)
    }
    try fillMemory(&image)
    try endZombies(scaffold)
    for process in context.stopped { try JobControl.stop(process, scaffold) }
    try context.inherited.applySettings(context.metadata.sharedObjects)
    try forAll(scaffold) { process, calls throws(Problem) in
      for kind in KindsOfState.process { try kind.restore(process, context, &calls) }
    }
    for process in context.live {
      try creation.createThreads(of: process, scaffold)
      try restoreThreads(of: process, scaffold)
    }
  }

  private func forAll(
    _ scaffold: borrowing Scaffold, _ fill: (RestartingProcess, inout RemoteCalls) throws(Problem) -> Void
  ) throws(Problem) {
    var lists: [(process: RestartingProcess, calls: RemoteCalls)] = []
    for process in context.live {
      var calls = scaffold.newCalls(slot: process.slot)
      try fill(process, &calls)
      try scaffold.start(process.leader, calls, stopSignal: process.stopSignal)
      lists.append((process, calls))
    }
    for index in lists.indices {
      let process = lists[index].process
      try scaffold.finish(process.leader, &lists[index].calls, stopSignal: process.stopSignal)
    }
  }

  /// Straight from the image into place.
  private func fillMemory(_ image: inout VerifiedImage) throws(Problem) {
    var done: [Int32: UInt64] = [:]
    unsafe try image.forEachChunk { chunk, pages throws(Problem) in
      for run in chunk.runs {
        guard let process = context.byPID[run.pid], !process.isZombie else {
          throw Problem(errno: .invalidArgument, what: "memory of pid \(run.pid) in the image", why: "there is no such task")
        }
        let part = unsafe UnsafeRawBufferPointer(
          rebasing: pages[Int(run.first) * Int(pageSize)..<Int(run.first + run.pages) * Int(pageSize)])
        do throws(Errno) { unsafe try write(part, to: run.address, of: run.pid) } catch {
          throw error.problem(task: process.name, "cannot restore its memory at \(String(run.address, radix: 16))")
        }
        let sum = min(done[run.pid, default: 0] + UInt64(run.pages) * pageSize, process.image.memoryBytes)
        done[run.pid] = sum
        try context.progress(process, .memory, done: sum, total: process.image.memoryBytes)
      }
    }
    // The rest were pages of zeroes.
    for process in context.live {
      let total = process.image.memoryBytes
      if done[process.pid] != total { try context.progress(process, .memory, done: total, total: total) }
    }
  }

  private func write(_ bytes: UnsafeRawBufferPointer, to address: UInt64, of pid: Int32) throws(Errno) {
    do throws(Errno) { unsafe try TaskMemory.write(bytes, to: address, of: pid) } catch {
      // A page that the task itself could never write, changed by a debugger.
      guard error == .badAddress else { throw error }
      let memory = try TaskMemory(of: pid)
      unsafe try memory.writeForced(bytes, to: address)
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
      try scaffold.start(thread.traced, calls, stopSignal: process.stopSignal)
      try scaffold.finish(thread.traced, &calls, stopSignal: process.stopSignal)
    }
  }
}
