/// Defines `FrozenCgroups`: the frozen groups of a job, thawed while its stopped tasks work for crtop (DESIGN 9).

internal import SystemCalls

/// A task that a freezer holds stops for ptrace, but executes nothing until its group is thawed. All of the group must be
/// seized before, so that no task runs code of its own.
///
/// As in the series a frozen job must be frozen as a whole, in one place: what a user has frozen in part, or together with
/// something else, is refused. Zombies are exempt.
final class FrozenCgroups {
  private var groups: [FreezerGroup] = []
  private var isThawed = false
  /// Whether the job was refused: trying again would not help.
  private(set) var isRefused = false

  /// Whether a freezer holds a process.
  static func hold(_ pid: Int32) -> Bool { !FreezerGroup.holders(of: pid).isEmpty }

  /// Notes the groups that hold the job; they can then be thawed.
  ///
  /// - Parameter context: all processes of the job.
  /// - Throws: EBUSY, when the job is frozen in part, or a group holds others as well.
  func collect(_ context: CheckpointContext) throws(Problem) {
    let (found, problems) = Self.examine(context)
    isRefused = !problems.isEmpty
    if let problem = problems.first { throw problem }
    groups = found
  }

  /// Refuses a job that is frozen in part. Also run by a preflight.
  static func inspect(_ context: CheckpointContext) {
    for problem in examine(context).problems { context.refuse(problem) }
  }

  private static func examine(_ context: CheckpointContext) -> (groups: [FreezerGroup], problems: [Problem]) {
    let processes = context.liveProcesses
    let held = processes.map { (process: $0, groups: FreezerGroup.holders(of: $0.pid)) }
    guard let root = held.first, let frozen = held.first(where: { !$0.groups.isEmpty }) else { return ([], []) }
    let remedy = "freeze or thaw the whole job (crtop freeze \(context.root), crtop thaw \(context.root))"
    var problems: [Problem] = []
    var groups: [FreezerGroup] = []
    for (process, own) in held {
      for group in own where !groups.contains(group) { groups.append(group) }
      if own.isEmpty {
        problems.append(
          process.problem(
            .resourceBusy, "the task",
            why: "unfrozen or wrong cgroup: \(frozen.groups[0].directory) holds "
              + "\(frozen.process.stat.comm) (\(frozen.process.pid)) frozen, and not this task", remedy: remedy))
      } else if own != root.groups && !root.groups.isEmpty && !(own + root.groups).allSatisfy(Freezer.isOurs) {
        problems.append(
          process.problem(
            .resourceBusy, "the task",
            why: "unfrozen or wrong cgroup: it is frozen in \(own[0].directory), and the root "
              + "in \(root.groups[0].directory)", remedy: remedy))
      }
    }
    for group in groups {
      guard let other = group.allProcesses.first(where: { context.byPID[$0] == nil }) else { continue }
      let comm = (try? context.reader.read("/proc/\(other)/stat")).flatMap { ProcStat($0) }?.comm ?? "?"
      problems.append(
        root.process.problem(
          .resourceBusy, "the frozen cgroup \(group.directory)",
          why: "it also holds \(comm) (\(other)), which would run while the job is saved", remedy: remedy))
    }
    return (groups, problems)
  }

  /// Lets the groups' tasks reach their ptrace stops. Once.
  func thaw() {
    guard !isThawed else { return }
    isThawed = true
    for group in groups { try? group.setFrozen(false, wait: false) }
  }

  /// Before the tasks are let go.
  func freezeAgain() {
    guard isThawed else { return }
    isThawed = false
    for group in groups { try? group.setFrozen(true, wait: false) }
  }

  /// When the tasks are to be killed.
  func thawForGood() {
    thaw()
    groups = []
  }
}
