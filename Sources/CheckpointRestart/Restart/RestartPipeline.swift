/// The way of a restart: verify, plan, create, restore, zombies, commit.

internal import CLinux
internal import CheckpointImage
internal import Glibc
internal import ImageSchema
internal import SystemCalls
internal import Tracing

/// One restart. Everything happens on the calling thread, since a tracer is a thread. When `run` returns, every task has
/// completed its restart and every zombie is a zombie; when it throws, no process of the restart exists any more.
struct RestartPipeline {
  let request: RestartRequest
  let report: OperationReport

  func run() throws(Problems) -> OperationSummary {
    let started = monotonicNanoseconds()
    DescriptorLimit.raise()
    let image = try verifiedImage()
    var metadata = image.metadata
    let bytes = image.totals.bytes
    let plan: TreePlan
    do throws(Problem) {
      try ImageValidation(processes: metadata.processes, shared: metadata.sharedObjects).run()
      plan = try TreePlan(metadata.processes)
    } catch { throw Problems(error) }
    report.event(.tasks(metadata.processes.map { TaskName(pid: $0.pid, comm: $0.comm) }))
    var obstacles = RestartPreflight(
      header: metadata.header, processes: metadata.processes, plan: plan, shared: metadata.sharedObjects,
      accepted: request.acceptedLosses
    ).run()
    var foreignVDSO: ForeignVDSO?
    do throws(Problem) {
      foreignVDSO = try ForeignVDSO(metadata.header, metadata.processes)
      try foreignVDSO?.adapt(&metadata.processes)
    } catch { obstacles.append(error) }
    if !obstacles.isEmpty { throw Problems(obstacles) }
    let context = RestartContext(metadata, request, report, foreignVDSO)
    do throws(Problem) {
      let clocks = try Clocks.enter(metadata.header, request.acceptedLosses)
      for process in context.processes { process.clocks = clocks }
      try restart(context, plan, image)
    } catch {
      RestartUndo.killAll(context)
      throw Problems(error)
    }
    return OperationSummary(
      operation: "restart", image: request.source, root: metadata.header.rootPid, tasks: metadata.processes.count,
      threads: Int(metadata.header.threads), zombies: Int(metadata.header.zombies), bytes: bytes,
      elapsedMicroseconds: Int64((monotonicNanoseconds() - started) / 1000))
  }

  private func verifiedImage() throws(Problems) -> VerifiedImage {
    do throws(Problem) {
      let reader = try ImageReader.open(request.source)
      let command = reader.header.rootCommand.split(separator: " ").first?.split(separator: "/").last
      let root = TaskName(pid: reader.header.rootPid, comm: String((command ?? "").prefix(15)))
      return try reader.verify { done, total throws(Problem) in
        try report.checkCancelled()
        report.event(.task(TaskProgress(task: root, phase: .verify, done: done, total: total)))
      }
    } catch { throw Problems(error) }
  }

  private func restart(
    _ context: RestartContext, _ plan: TreePlan, _ image: consuming VerifiedImage
  ) throws(Problem) {
    var memory = try MemoryFill(context, image)
    try FileOpening(context).run()
    let creation = TaskCreation(context, plan)
    let execution = try ProgramExecution(context)
    let scaffold = try ScaffoldPlace.make(for: context)
    try creation.createProcesses(scaffold, execution, &memory)
    try Restoration(context).run(scaffold, creation)
    try Commit(context).run(scaffold)
  }
}

/// Finds room for the scaffold: free in crtop and in all tasks.
enum ScaffoldPlace {
  static func make(for context: RestartContext) throws(Problem) -> Scaffold {
    var taken: [Range<UInt64>] = []
    for process in context.metadata.processes {
      for area in process.addressSpace.areas where area.kind != .vsyscall { taken.append(area.start..<area.end) }
    }
    for line in ((try? readText("/proc/self/maps")) ?? "").utf8.split(separator: UInt8(ascii: "\n")) {
      var scanner = ByteScanner(Array(line))
      if let start = scanner.unsigned(radix: 16), scanner.skip(UInt8(ascii: "-")),
        let end = scanner.unsigned(radix: 16),
        start < end
      {
        taken.append(start..<end)
      }
    }
    let length = Scaffold.length(slots: context.processes.count)
    // From 1 MiB up, with a distance to whatever may grow.
    var candidate: UInt64 = 1 << 20
    for range in taken.sorted(by: { $0.lowerBound < $1.lowerBound }) {
      if candidate + length + (1 << 20) <= range.lowerBound { break }
      candidate = max(candidate, (range.upperBound + (1 << 21) - 1) & ~((1 << 20) - 1))
    }
    do throws(Errno) {
      guard context.processes.contains(where: context.mustExecute) else {
        return try Scaffold.make(at: candidate, slots: context.processes.count)
      }
      let file = try OwnedDescriptor.inMemory("crtop-scaffold")
      let number: Int32
      do throws(Problem) { number = try context.inherited.adopt(file) } catch { throw error.errno }
      return try Scaffold.make(at: candidate, slots: context.processes.count, file: number)
    } catch {
      throw error.problem("cannot map \(length) bytes for the new tasks")
    }
  }
}

/// Ends everything that a failed restart has created.
enum RestartUndo {
  static func killAll(_ context: RestartContext) {
    for thread in context.created.reversed() where thread.isAttached { _ = Glibc.kill(thread.tid, SIGKILL) }
    for process in context.processes {
      for thread in process.threads.dropFirst() { drain(thread.traced) }
    }
    for thread in context.created.reversed() { drain(thread) }
    // The root, or its nursery, is our child.
    for thread in context.created { _ = waitpid(thread.tid, nil, WNOHANG) }
  }

  /// Takes the end of a traced thread, so that its parent or we can reap it.
  private static func drain(_ thread: TracedThread) {
    while thread.isAttached, let reason = try? thread.waitForStop(seconds: 5), !reason.isEnd { continue }
  }
}
