/// Looks at all tasks of a subtree from outside and collects every reason why it cannot be checkpointed.

internal import ImageSchema
internal import SystemCalls

enum Inspection {
  /// Inspects all processes of the context; problems gather there.
  static func run(_ context: CheckpointContext, onProgress: (JobProcess) throws(Problem) -> Void = { _ in })
    throws(Problem)
  {
    AddressSpace.readAreas(of: context.liveProcesses)
    for process in context.processes {
      try onProgress(process)
      process.image.pid = process.pid
      process.image.ppid = process.parent
      (process.image.pgid, process.image.sid) = (process.stat.pgid, process.stat.sid)
      (process.image.comm, process.image.rawComm) = (process.stat.name.text, process.stat.name.raw)
      process.image.controllingTerminal = process.stat.terminal != 0 && process.stat.sid == process.pid
      if process.isZombie {
        Zombies.save(process, context)
        continue
      }
      if process.stat.isZombie {
        UnsupportedState.inspect(process, context)
        continue
      }
      process.image.exitSignal = UInt32(bitPattern: process.stat.exitSignal)
      for kind in KindsOfState.process { kind.inspect(process, context) }
    }
    inspectThreads(context)
    SharedTables.refuseSharing(context)
    Pipes.refuseOutsiders(context)
    do throws(Problem) { _ = try TreePlan(context.processes.map(\.image)) } catch { context.refuse(error) }
  }

  /// Many at once: a large job is mostly threads.
  private static func inspectThreads(_ context: CheckpointContext) {
    let threads = context.liveProcesses.flatMap { process in process.threads.map { (process, $0) } }
    let count = threads.count
    nonisolated(unsafe) let all = threads
    nonisolated(unsafe) let context = context
    Parallel.forEach(count, grain: 16) { index in
      var reader = ProcFileReader(capacity: 4096)
      let (process, thread) = unsafe all[index]
      for kind in KindsOfState.thread { unsafe kind.inspect(thread, of: process, context, &reader) }
    }
  }
}
