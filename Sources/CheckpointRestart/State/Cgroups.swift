/// The cgroups of a process (cgroups(7)): the restarted one goes into them again where they are there, and it is said where
/// not. Their limits are the machine's business, not the job's.

internal import ImageSchema
internal import SystemCalls

enum Cgroups: ProcessState {
  static func inspect(_ process: JobProcess, _ context: CheckpointContext) {
    guard let text = context.read("cgroup", of: process)?.wholeText else { return }
    process.image.cgroups = parse(text)
  }

  /// What crtop itself has made to freeze a job is left out.
  private static func parse(_ text: String) -> [ImageCgroup] {
    CgroupMembership.parse(text).map { membership in
      var group = ImageCgroup()
      (group.controllers, group.path) = (membership.controllers, membership.path)
      if Freezer.isOurs(group.path), let slash = group.path.lastIndex(of: "/") {
        group.path = slash == group.path.startIndex ? "/" : String(group.path[..<slash])
      }
      return group
    }
  }

  /// Puts a new task, and so its children, into the groups of the image.
  static func join(_ process: RestartingProcess, _ context: RestartContext) {
    // It was born in those of its creator, which has been here before.
    if let creator = context.byPID[process.creator], creator.image.cgroups == process.image.cgroups { return }
    let now = parse((try? readText("/proc/\(process.pid)/cgroup")) ?? "")
    for group in process.image.cgroups {
      guard let current = now.first(where: { $0.controllers == group.controllers }), current.path != group.path else {
        continue
      }
      let membership = CgroupMembership(controllers: group.controllers, path: group.path)
      guard let hierarchy = CgroupHierarchy.mounted.first(where: membership.isOf) else { continue }
      let directory = hierarchy.mount + group.path
      do throws(Errno) {
        if FreezerGroup.isFrozen(directory) { throw .resourceBusy }
        try writeText("\(process.pid)", to: "\(directory)/cgroup.procs")
      } catch {
        let name = group.controllers.isEmpty ? "cgroup" : "\(group.controllers) cgroup"
        let why = error == .resourceBusy ? "it is frozen, or has groups below it" : error.description
        guard context.missingCgroups.insert(directory).inserted else { continue }
        context.report.event(
          .note(process.name, "its \(name) \(group.path) cannot be joined (\(why)); it is in \(current.path)"))
      }
    }
  }
}
