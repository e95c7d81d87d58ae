/// The way of a checkpoint: stop, inspect, collect, read memory, let go, write, commit.

internal import CheckpointImage
internal import ImageSchema
internal import SystemCalls
internal import Tracing

/// One checkpoint. Everything happens on the calling thread, since a tracer is a thread.
struct CheckpointPipeline {
  let request: CheckpointRequest
  let report: OperationReport

  /// Runs to the end. When it throws, the job runs on and nothing has the image's name.
  func run() throws(Problems) -> OperationSummary {
    let started = monotonicNanoseconds()
    do throws(Problem) { try Subtree.refuseForbidden(request.root.pid, isOwnJob: request.isOwnJob) } catch {
      throw Problems(error)
    }
    DescriptorLimit.raise()
    try Preflight.refuse(request)
    let context = CheckpointContext(
      root: request.root.pid, isPreflight: false, acceptedLosses: request.acceptedLosses)
    let stop = SubtreeStop(context)
    do throws(Problem) {
      var destination = try ImageDestination.open(request.destination)
      let summary = try run(context, stop, &destination, started: started)
      return summary
    } catch {
      stop.resume()
      throw context.problems.isEmpty ? Problems(error) : Problems(context.problems)
    }
  }

  private func run(
    _ context: CheckpointContext, _ stop: SubtreeStop, _ destination: inout ImageDestination, started: UInt64
  ) throws(Problem) -> OperationSummary {
    Machine.warmUp()
    let blocks = try PageBlocks()
    try stop.stop(root: request.root, cancelled: { report.isCancelled })
    report.event(.tasks(context.processes.map(\.name)))
    try Inspection.run(context) { process throws(Problem) in try progress(process, .inspect) }
    if let problem = context.problems.first { throw problem }
    try Collection(context: context).run { process throws(Problem) in try progress(process, .collect) }
    try SelfCheckpoint.announce(context)
    let live = context.liveProcesses
    let plan = try MemoryPlan(live, context)
    if let problem = context.problems.first { throw problem }
    try destination.checkSpace(for: UInt64(plan.pages) * pageSize + UInt64(context.processes.count) * 8192)
    let outsiders = Outsiders(context)
    let header = ImageHeader.current(context)
    let image = Saved(
      header: header, processes: context.processes.map(\.image), shared: context.shared.image, all: context.processes,
      live: live)

    var memory = try MemoryWriter(plan, live, blocks)
    var meter = MemoryMeter(plan, live, report)
    try memory.read(&meter)
    var pause: Int64 = 0
    if memory.isAllRead && request.after == .resume { pause = letGo(stop, image) }

    var writer = try destination.writer(compression: request.compression)
    try writer.write(header: image.header)
    for process in image.processes { try writer.write(process: process) }
    try writer.write(sharedObjects: image.shared)
    while true {
      try memory.write(to: &writer, &meter)
      if memory.isAllRead { break }
      try memory.read(&meter)
      if memory.isAllRead && request.after == .resume { pause = letGo(stop, image) }
    }
    outsiders.problems().forEach(context.refuse)
    if let problem = context.problems.first { throw problem }
    meter.finish()
    let totals = try writer.finish(pauseMicroseconds: pause)
    try destination.commit { _, _ throws(Problem) in try report.checkCancelled() }
    if request.after != .resume { pause = try end(context, stop) }
    return OperationSummary(
      operation: "checkpoint", image: request.destination, root: request.root.pid, tasks: image.processes.count,
      threads: Int(header.threads), zombies: Int(header.zombies), bytes: totals.bytes, pauseMicroseconds: pause,
      elapsedMicroseconds: Int64((monotonicNanoseconds() - started) / 1000))
  }

  /// What stays of the job when it runs on again.
  private struct Saved {
    var header: ImageHeader
    var processes: [ImageProcess]
    var shared: ImageSharedObjects
    var all: [JobProcess]
    var live: [JobProcess]
  }

  private func letGo(_ stop: SubtreeStop, _ image: Saved) -> Int64 {
    stop.resume()
    let pause = Int64((monotonicNanoseconds() - stop.stoppedAt) / 1000)
    for process in image.all { report.event(.task(TaskProgress(task: process.name, phase: .resume))) }
    return pause
  }

  /// The image is safe: now the job may be ended, or left frozen.
  private func end(_ context: CheckpointContext, _ stop: SubtreeStop) throws(Problem) -> Int64 {
    if request.after == .kill {
      for process in context.liveProcesses { report.event(.task(TaskProgress(task: process.name, phase: .kill))) }
      stop.kill()
    } else {
      // Frozen while ptrace still holds the tasks: they execute nothing in between.
      let pids = context.processes.filter { !$0.isCaller }.map(\.pid)
      try Freezer(pids, root: request.root.pid).freeze(wait: false)
    }
    let pause = Int64((monotonicNanoseconds() - stop.stoppedAt) / 1000)
    stop.resume()
    return pause
  }

  private func progress(_ process: JobProcess, _ phase: OperationPhase) throws(Problem) {
    try report.checkCancelled()
    report.event(.task(TaskProgress(task: process.name, phase: phase)))
  }
}
