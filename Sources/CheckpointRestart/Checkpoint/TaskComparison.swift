/// Whether two tasks have the same of something, or have none (kcmp(2)).

internal import CLinux
internal import Glibc
internal import SystemCalls

/// 0 equal, 1 less, 2 greater; `nil` where the kernel does not answer. Two tasks that have none are equal.
func compareTasks(_ first: Int32, _ second: Int32, _ type: kcmp_type) -> Int? {
  try? rawSystemCall(Int(SYS_kcmp), Int(first), Int(second), Int(type.rawValue))
}

/// A zombie child of crtop: its end has taken all from it that tasks can share, so whoever equals it has none either.
final class EmptyTask: Sendable {
  let pid: Int32?

  /// With the ids of this user, and without capabilities. `pid` is `nil` where it could not be created.
  init(user: UInt32, group: UInt32) {
    pid = try? systemCall { crtop_create_zombie(user, group) }
  }

  /// Whether a task has one; `nil` where that cannot be known.
  func isUnlike(_ task: Int32, _ type: kcmp_type) -> Bool? {
    guard let pid, let result = compareTasks(task, pid, type) else { return nil }
    return result != 0
  }

  deinit {
    guard let pid else { return }
    _ = try? systemCall { waitpid(pid, nil, 0) }
  }
}
