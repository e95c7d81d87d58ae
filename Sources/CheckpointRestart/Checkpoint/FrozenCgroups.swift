/// Defines `FrozenCgroups`: the frozen groups of a job, thawed while its stopped tasks work for crtop (DESIGN 9).

internal import SystemCalls

/// A task that a freezer holds stops for ptrace, but executes nothing until its group is thawed. All of the group must be
/// seized before, so that no task runs code of its own.
final class FrozenCgroups {
  private var groups: [FreezerGroup] = []
  private var isThawed = false

  /// Finds the frozen groups of these processes and of their descendants.
  func collect(_ processes: [JobProcess]) throws(Problem) {
    guard let root = processes.first, let group = FreezerGroup.frozenGroup(of: root.pid) else { return }
    groups = [group]
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
