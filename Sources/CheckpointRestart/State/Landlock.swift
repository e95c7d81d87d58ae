/// Landlock domains (landlock(7)), which the kernel shows nobody: found by what they forbid, and refused.

internal import CLinux
internal import ImageSchema
internal import SystemCalls
internal import Tracing

/// A task in a domain may not look at one outside (security/landlock/task.c), even if it has the same user and more
/// capabilities. So each thread is asked to look at a bystander.
enum Landlock: ThreadState {
  /// landlock_create_ruleset(2) with LANDLOCK_CREATE_RULESET_VERSION.
  private static let isSupported = ((try? rawSystemCall(444, 0, 0, 1)) ?? 0) > 0

  static func inspect(
    _ thread: JobThread, of process: JobProcess, _ context: CheckpointContext, _ reader: inout ProcFileReader
  ) {
    let ids = thread.image.credentials
    guard isSupported, !context.isPreflight, !context.acceptedLosses.contains(.landlock),
      let user = ids.userIds.first, let group = ids.groupIds.first
    else { return }
    thread.bystander = context.emptyTask(user: user, group: group)
  }

  static func save(_ thread: JobThread, of process: JobProcess, _ calls: inout RemoteCalls) -> Completion? {
    guard let pid = thread.bystander?.pid else { return nil }
    let look = calls.call(
      Int(SYS_kcmp), UInt64(pid), UInt64(pid), UInt64(KCMP_VM.rawValue), expecting: .anything,
      naming: "look at another process (kcmp)")
    return { calls throws(Problem) in
      guard calls.result(look) == -Int64(EPERM) else { return }
      throw Problem(
        task: thread.traced.name, errno: .notSupported, what: "what Landlock forbids it",
        why: "the rules cannot be read, so it would be less confined after a restart",
        remedy: "accept that: \(AcceptedLoss.landlock.flag)")
    }
  }
}
