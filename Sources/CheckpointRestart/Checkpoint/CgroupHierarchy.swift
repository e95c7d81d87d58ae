/// Defines `CgroupHierarchy`, a mounted tree of cgroups, and `CgroupMembership`, which group of each tree a task is in
/// (cgroups(7)).

internal import SystemCalls

struct CgroupHierarchy: Sendable {
  let mount: String
  /// Of version 1: its controllers, among other mount options.
  let options: Set<String>
  /// Version 2.
  let isUnified: Bool

  static let mounted: [CgroupHierarchy] = {
    ((try? readText("/proc/self/mounts")) ?? "").split(separator: "\n").compactMap { line in
      let words = line.split(separator: " ")
      guard words.count >= 4, words[2] == "cgroup" || words[2] == "cgroup2" else { return nil }
      return CgroupHierarchy(
        mount: String(words[1]), options: Set(words[3].split(separator: ",").map(String.init)),
        isUnified: words[2] == "cgroup2")
    }
  }()
}

/// A line of /proc/PID/cgroup, such as "4:memory:/jobs/one" or "0::/user.slice".
struct CgroupMembership {
  /// Empty: of version 2.
  let controllers: String
  let path: String

  static func parse(_ text: String) -> [CgroupMembership] {
    text.split(separator: "\n").compactMap { line in
      let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard parts.count == 3 else { return nil }
      return CgroupMembership(controllers: String(parts[1]), path: String(parts[2]))
    }
  }

  func isOf(_ hierarchy: CgroupHierarchy) -> Bool {
    controllers.isEmpty
      ? hierarchy.isUnified
      : !hierarchy.isUnified && controllers.split(separator: ",").allSatisfy { hierarchy.options.contains(String($0)) }
  }
}
