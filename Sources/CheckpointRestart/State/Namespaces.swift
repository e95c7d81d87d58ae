/// Namespaces: all tasks must be in those of crtop itself, but may have a time namespace of their own.

internal import SystemCalls

enum Namespaces: ProcessState {
  static let names = [
    "cgroup", "ipc", "mnt", "net", "pid", "pid_for_children", "time", "time_for_children", "user", "uts",
  ]

  /// Those that the tasks of a job must be in.
  static func expected(_ root: Int32) -> [String: String] {
    var all = Dictionary(uniqueKeysWithValues: names.map { ($0, (try? readLink("/proc/self/ns/\($0)")) ?? "") })
    if let time = try? readLink("/proc/\(root)/ns/time") { (all["time"], all["time_for_children"]) = (time, time) }
    return all
  }

  /// Those that a task of several threads can neither leave nor enter (unshare(2), setns(2)).
  static let commonToThreads: Set<String> = ["pid", "time", "user"]

  static func inspect(_ process: JobProcess, _ context: CheckpointContext) {
    for name in names {
      guard let own = context.namespaces[name], let its = try? readLink("/proc/\(process.driver)/ns/\(name)") else {
        continue
      }
      if own != its && !its.isEmpty {
        context.refuse(
          process.problem(
            .notSupported, "its \(name) namespace", why: "it is not the one crtop runs in",
            remedy: "run crtop inside the container (nsenter --target \(process.pid) --all)"))
      }
    }
  }
}
