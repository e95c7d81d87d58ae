/// The cgroups of a process (cgroups(7)): the restarted one goes into them again where they are there, and it is said where
/// not. Their limits are the machine's business, not the job's.

internal import ImageSchema
internal import SystemCalls

enum Cgroups: ProcessState {
  static func inspect(_ process: JobProcess, _ context: CheckpointContext) {
    guard let text = context.read("cgroup", of: process)?.wholeText else { return }
    process.image.cgroups = parse(text)
  }

  /// Lines such as "4:memory:/jobs/one" and "0::/user.slice". What crtop itself has made to freeze a job is left out.
  private static func parse(_ text: String) -> [ImageCgroup] {
    text.split(separator: "\n").compactMap { line in
      let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard parts.count == 3 else { return nil }
      var group = ImageCgroup()
      group.controllers = String(parts[1])
      group.path = String(parts[2])
      if let slash = group.path.lastIndex(of: "/"), group.path[slash...].hasPrefix("/crtop-"),
        group.path[slash...].dropFirst(7).allSatisfy(\.isNumber)
      {
        group.path = slash == group.path.startIndex ? "/" : String(group.path[..<slash])
      }
      return group
    }
  }

  /// Puts a new task, and so its children, into the groups of the image.
  static func join(_ process: RestartingProcess, _ context: RestartContext) {
    let now = parse((try? readText("/proc/\(process.pid)/cgroup")) ?? "")
    for group in process.image.cgroups {
      guard let current = now.first(where: { $0.controllers == group.controllers }), current.path != group.path else {
        continue
      }
      guard let mount = mount(of: group) else { continue }
      let directory = mount + group.path
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

  /// Where a hierarchy is mounted.
  private static func mount(of group: ImageCgroup) -> String? {
    mounts.first { mount in
      group.controllers.isEmpty
        ? mount.isUnified
        : !mount.isUnified && group.controllers.split(separator: ",").allSatisfy { mount.options.contains(String($0)) }
    }?.directory
  }

  private static let mounts: [(directory: String, options: Set<String>, isUnified: Bool)] = {
    ((try? readText("/proc/self/mounts")) ?? "").split(separator: "\n").compactMap { line in
      let words = line.split(separator: " ")
      guard words.count >= 4, words[2] == "cgroup" || words[2] == "cgroup2" else { return nil }
      return (String(words[1]), Set(words[3].split(separator: ",").map(String.init)), words[2] == "cgroup2")
    }
  }()
}
