/// Namespaces: all tasks must be in those of crtop itself.

internal import SystemCalls

enum Namespaces: ProcessState {
  static let names = [
    "cgroup", "ipc", "mnt", "net", "pid", "pid_for_children", "time", "time_for_children", "user", "uts",
  ]

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
