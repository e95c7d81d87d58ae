/// Looks at all tasks of a subtree from outside and collects every reason why it cannot be checkpointed.

internal import ImageSchema
internal import SystemCalls

enum Inspection {
  /// How many processes are inspected between two looks at whether to go on.
  private static let group = 64

  /// Inspects all processes of the context; problems gather there.
  static func run(_ context: CheckpointContext, onProgress: (JobProcess) throws(Problem) -> Void = { _ in })
    throws(Problem)
  {
    if context.isPreflight { FrozenCgroups.inspect(context) }
    SharedTables.find(context)
    SemaphoreAdjustments.inspect(context)
    // Before many are inspected at once: siblings would write to the same parent.
    for process in context.liveProcesses { context.byPID[process.parent]?.children.append(process) }
    for start in stride(from: 0, to: context.processes.count, by: group) {
      let processes = Array(context.processes[start..<min(start + group, context.processes.count)])
      for process in processes { try onProgress(process) }
      nonisolated(unsafe) let (group, all) = (processes, context)
      Parallel.forEach(processes.count, grain: 3) { unsafe inspect(group[$0], all) }
    }
    inspectThreads(context)
    if context.isPreflight { Outsiders(context).problems().forEach(context.refuse) }
    do throws(Problem) { _ = try TreePlan(context.processes.map(\.image)) } catch { context.refuse(error) }
  }

  /// Runs on several threads at once, for different processes.
  private static func inspect(_ process: JobProcess, _ context: CheckpointContext) {
    process.image.pid = process.pid
    process.image.ppid = process.parent
    (process.image.pgid, process.image.sid) = (process.stat.pgid, process.stat.sid)
    process.image.setComm(process.stat.name)
    if process.isZombie { return Zombies.save(process, context) }
    if process.hasDeadLeader { DeadLeader.save(process, context) }
    process.image.exitSignal = UInt32(bitPattern: process.stat.exitSignal)
    for kind in KindsOfState.process { kind.inspect(process, context) }
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
