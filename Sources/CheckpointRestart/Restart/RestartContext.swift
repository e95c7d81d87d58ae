/// Defines `RestartContext`, the one object that all steps of a restart share.

internal import CLinux
internal import CheckpointImage
internal import ImageSchema
internal import SystemCalls
internal import Tracing

/// The tasks to be, and what they share.
final class RestartContext {
  let metadata: ImageMetadata
  let request: RestartRequest
  let report: OperationReport
  let inherited: InheritedDescriptors
  /// Of a job from another kernel.
  let foreignVDSO: ForeignVDSO?
  /// Parents before their children.
  let processes: [RestartingProcess]
  let byPID: [Int32: RestartingProcess]
  let ownOOMScoreAdjustment: String
  /// Signals that every new task would ignore, since crtop does (nohup(1)): CLONE_CLEAR_SIGHAND resets handlers only.
  let ignoredByCrtop: [UInt32]
  /// Every process that exists so far, placeholders too: what a failure has to end.
  var created: [TracedThread] = []
  /// Those that are not there any more; each is said once.
  var missingCgroups: Set<String> = []
  /// Stand-ins for session leaders that are gone, with the parent that reaps them.
  var sessionPlaceholders: [(creator: RestartingProcess, thread: TracedThread)] = []

  init(_ metadata: ImageMetadata, _ request: RestartRequest, _ report: OperationReport, _ foreignVDSO: ForeignVDSO?) {
    self.metadata = metadata
    self.request = request
    self.report = report
    self.foreignVDSO = foreignVDSO
    inherited = InheritedDescriptors(metadata.processes)
    var reader = ProcFileReader()
    let status = (try? reader.read("/proc/self/status")).map { ProcStatus($0) }
    let own = Credentials.own()
    let ignored = status?.ignored ?? 0
    ignoredByCrtop = (UInt32(1)...64).filter { ignored & SignalSets.bit(Int32($0)) != 0 }
    let exitSignals = Self.exitSignals(metadata.processes)
    processes = metadata.processes.enumerated().map {
      RestartingProcess(
        $0.element, slot: $0.offset, inheritedCredentials: own, exitSignals: exitSignals[$0.element.pid] ?? [])
    }
    live = processes.filter { !$0.isZombie }
    let tables = live.map(\.image.sharedTables)
    let owners = Set(tables.flatMap { [$0.memory, $0.files, $0.fileSystem, $0.signalActions] })
    sharing = live.filter { owners.contains($0.pid) || !$0.image.sharedTables.isEmpty }
    alone = live.filter { !owners.contains($0.pid) && $0.image.sharedTables.isEmpty }
    stopped = processes.filter { $0.image.state == .stopped }
    byPID = Dictionary(processes.map { ($0.pid, $0) }, uniquingKeysWith: { first, _ in first })
    ownOOMScoreAdjustment = ((try? readText("/proc/self/oom_score_adj")) ?? "0").replacing("\n", with: "")
  }

  /// Whether seccomp filters are to be suspended while the tasks are restored.
  var usesSeccomp: Bool { processes.contains(where: \.image.usesSeccomp) }

  /// All but the zombies.
  let live: [RestartingProcess]
  /// Those that share tables with others of them, and those that do not.
  let sharing: [RestartingProcess]
  let alone: [RestartingProcess]
  /// Those that are stopped by job control.
  let stopped: [RestartingProcess]

  /// By parent, the signals other than SIGCHLD by which zombies report to it.
  private static func exitSignals(_ processes: [ImageProcess]) -> [Int32: Set<UInt32>] {
    var signals: [Int32: Set<UInt32>] = [:]
    for zombie in processes
    where zombie.state == .zombie && zombie.exitSignal != 0 && zombie.exitSignal != UInt32(SIGCHLD) {
      signals[zombie.ppid, default: []].insert(zombie.exitSignal)
    }
    return signals
  }

  func progress(
    _ process: RestartingProcess, _ phase: OperationPhase, done: UInt64 = 0, total: UInt64 = 0
  ) throws(Problem) {
    try report.checkCancelled()
    report.event(.task(TaskProgress(task: process.name, phase: phase, done: done, total: total)))
  }
}
