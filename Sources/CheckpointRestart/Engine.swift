/// The engine's short operations, which return at once.

public import SystemCalls

/// Entry points that need no thread of their own.
public enum Engine {
  /// Preflight: looks at the subtree from outside, stops nothing.
  public static func check(_ root: TaskIdentity, acceptedLosses: Set<AcceptedLoss> = []) throws(Problem) -> CheckReport
  {
    try Subtree.refuseForbidden(root.pid)
    let context = try Preflight.look(root, acceptedLosses)
    let memory = MemoryEstimate(context)
    return CheckReport(
      problems: context.problems, tasks: context.processes.count,
      threads: context.processes.reduce(0) { $0 + max(1, $1.threads.count) },
      zombies: context.processes.filter(\.isZombie).count,
      memoryBytes: memory.bytes, countsSharedPagesOnce: memory.countsSharedPagesOnce)
  }

  /// Says what a restart would do and what stands in its way; makes and changes nothing.
  public static func plan(_ request: RestartRequest) throws(Problem) -> RestartPlan { try RestartPlan.make(request) }

  /// Freezes the subtree with the cgroup freezer; it stays frozen when crtop ends.
  public static func freeze(_ root: TaskIdentity) throws(Problem) -> OperationSummary {
    try operate("freeze", root) { freezer throws(Problem) in try freezer.freeze(wait: true) }
  }

  /// Lets a frozen subtree run on.
  public static func thaw(_ root: TaskIdentity) throws(Problem) -> OperationSummary {
    try operate("thaw", root) { freezer throws(Problem) in try freezer.thaw() }
  }

  private static func operate(
    _ operation: String, _ root: TaskIdentity, _ body: (Freezer) throws(Problem) -> Void
  ) throws(Problem) -> OperationSummary {
    let started = monotonicNanoseconds()
    try Subtree.refuseForbidden(root.pid)
    let context = CheckpointContext(root: root.pid, isPreflight: true, acceptedLosses: [])
    try SubtreeWalk.fill(context, root: root)
    try body(Freezer(context.processes.map(\.pid), root: root.pid))
    return OperationSummary(
      operation: operation, root: root.pid, tasks: context.processes.count,
      threads: context.processes.reduce(0) { $0 + max(1, $1.threads.count) },
      zombies: context.processes.filter(\.isZombie).count,
      elapsedMicroseconds: Int64((monotonicNanoseconds() - started) / 1000))
  }
}
