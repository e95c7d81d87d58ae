/// The preflight: looks at a job from outside, without stopping it.

internal import SystemCalls

enum Preflight {
  /// Jobs of more threads than this are looked at only when they are stopped: looking twice would take too long.
  static let largestJob = 64

  /// The context with all that was found.
  static func look(_ root: TaskIdentity, _ acceptedLosses: Set<AcceptedLoss>) throws(Problem) -> CheckpointContext {
    let context = try walk(root, acceptedLosses)
    try Inspection.run(context)
    return context
  }

  private static func walk(
    _ root: TaskIdentity, _ acceptedLosses: Set<AcceptedLoss>
  ) throws(Problem) -> CheckpointContext {
    let context = CheckpointContext(root: root.pid, isPreflight: true, acceptedLosses: acceptedLosses)
    try SubtreeWalk.fill(context, root: root)
    return context
  }

  /// Refuses a job before it is touched. What is only passing, such as a child between vfork(2) and execve(2), is no
  /// reason: a problem must be there twice.
  ///
  /// It also leaves /proc's entries for the job in the kernel's cache, which makes the pause shorter.
  static func refuse(_ request: CheckpointRequest) throws(Problems) {
    var lasting: [Problem] = []
    do throws(Problem) {
      let context = try walk(request.root, request.acceptedLosses)
      guard context.processes.reduce(0, { $0 + max(1, $1.threads.count) }) <= largestJob else { return }
      try Inspection.run(context)
      let first = Set(context.problems)
      guard !first.isEmpty else { return }
      pause(milliseconds: 20)
      lasting = try look(request.root, request.acceptedLosses).problems.filter(first.contains)
    } catch { throw Problems(error) }
    if !lasting.isEmpty { throw Problems(lasting) }
  }
}
