/// The way of a checkpoint: stop, inspect, collect, read memory, let go, write, commit.

internal import CheckpointImage
internal import ImageSchema
internal import SystemCalls
internal import Tracing

/// One checkpoint.
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
      throw context.problems.isEmpty ? Problems(error) : Problems(context.problems)
    }
  }

  private func run(
    _ context: CheckpointContext, _ stop: SubtreeStop, _ destination: inout ImageDestination, started: UInt64
  ) throws(Problem) -> OperationSummary {
    Machine.warmUp()
    let saving = try whenItStops(stop) { () throws(Problem) in try whileStopped(context, stop, &destination) }
    if request.after == .resume { try finish(saving, context, &destination) }
    return OperationSummary(
      operation: "checkpoint", image: request.destination, root: request.root.pid,
      tasks: saving.image.processes.count, threads: Int(saving.image.header.threads),
      zombies: Int(saving.image.header.zombies), bytes: saving.bytes, pauseMicroseconds: saving.pause,
      elapsedMicroseconds: Int64((monotonicNanoseconds() - started) / 1000))
  }

  /// Runs `body` as a tracer, for up to 10 s again and again while some task cannot be stopped.
  private func whenItStops(
    _ stop: SubtreeStop, _ body: () throws(Problem) -> Saving
  ) throws(Problem) -> Saving {
    let deadline = monotonicNanoseconds() + 10_000_000_000
    var saving: Saving?
    while true {
      do throws(Problem) {
        try EngineThread.tracing { () throws(Problem) in saving = try body() }
        if let saving { return saving }
      } catch {
        guard stop.isBusy, monotonicNanoseconds() < deadline, !report.isCancelled else { throw error }
        pause(milliseconds: 2)
      }
    }
  }

  /// All that is done while the job stands still: when this returns it runs on, or has its end.
  private func whileStopped(
    _ context: CheckpointContext, _ stop: SubtreeStop, _ destination: inout ImageDestination
  ) throws(Problem) -> Saving {
    do throws(Problem) {
      let saving = try collect(context, stop, destination)
      try saving.memory.read(&saving.meter)
      while request.after != .resume || !saving.memory.isAllRead {
        try write(saving, &destination)
        if saving.memory.isAllRead { break }
        try saving.memory.read(&saving.meter)
      }
      if request.after == .resume {
        saving.pause = letGo(stop, saving.image)
      } else {
        try finish(saving, context, &destination)
        saving.pause = try end(context, stop)
      }
      return saving
    } catch {
      stop.resume()
      throw error
    }
  }

  private func collect(
    _ context: CheckpointContext, _ stop: SubtreeStop, _ destination: borrowing ImageDestination
  ) throws(Problem) -> Saving {
    let blocks = try PageBlocks()
    try stop.stop(root: request.root)
    report.event(.tasks(context.processes.map(\.name)))
    try Inspection.run(context) { process throws(Problem) in try progress(process, .inspect) }
    if let problem = context.problems.first { throw problem }
    try Collection(context: context).run { process throws(Problem) in try progress(process, .collect) }
    ParentDeathSignal.refuseOtherCreators(context)
    try SelfCheckpoint.announce(context)
    let live = context.liveProcesses
    let plan = try MemoryPlan(live, context)
    if let problem = context.problems.first { throw problem }
    try destination.checkSpace(for: UInt64(plan.pages) * pageSize + UInt64(context.processes.count) * 8192)
    return Saving(
      Saved(
        header: ImageHeader.current(context), processes: context.processes.map(\.image), shared: context.shared.image,
        all: context.processes, live: live),
      try MemoryWriter(plan, live, blocks), MemoryMeter(plan, live, report), Outsiders(context))
  }

  /// Writes what has been read.
  private func write(_ saving: Saving, _ destination: inout ImageDestination) throws(Problem) {
    if saving.writer == nil {
      var writer = try destination.writer(compression: request.compression)
      try writer.write(header: saving.image.header)
      for process in saving.image.processes { try writer.write(process: process) }
      try writer.write(sharedObjects: saving.image.shared)
      saving.writer = consume writer
    }
    guard var writer = saving.writer.take() else { return }
    try saving.memory.write(to: &writer, &saving.meter)
    saving.writer = consume writer
  }

  private func finish(
    _ saving: Saving, _ context: CheckpointContext, _ destination: inout ImageDestination
  ) throws(Problem) {
    try write(saving, &destination)
    saving.outsiders.problems().forEach(context.refuse)
    if let problem = context.problems.first { throw problem }
    saving.meter.finish()
    saving.bytes = try saving.writer.take()?.finish(pauseMicroseconds: saving.pause).bytes ?? 0
    try destination.commit { _, _ throws(Problem) in try report.checkCancelled() }
  }

  /// The image that is being made.
  private final class Saving {
    let image: Saved
    var memory: MemoryWriter
    var meter: MemoryMeter
    let outsiders: Outsiders
    var writer: ImageWriter?
    /// How long the job stood still, in microseconds.
    var pause: Int64 = 0
    /// Size of the image.
    var bytes: UInt64 = 0

    init(_ image: Saved, _ memory: consuming MemoryWriter, _ meter: MemoryMeter, _ outsiders: Outsiders) {
      (self.image, self.memory, self.meter, self.outsiders) = (image, memory, meter, outsiders)
    }
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
