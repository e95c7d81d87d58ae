/// Defines `FreezerGroup`, a cgroup that can be frozen, of version 1 (freezer.state) or 2 (cgroup.freeze).

internal import CLinux
internal import Glibc
internal import SystemCalls

/// A directory of a cgroup hierarchy that has a freezer.
struct FreezerGroup: Hashable {
  enum Version { case one, two }
  let version: Version
  let directory: String

  /// Where the hierarchies are mounted (/proc/self/mountinfo); version 1 first, since it does nothing but freeze.
  static let hierarchies: [(version: Version, mount: String, controller: String)] = {
    guard let mounts = try? readText("/proc/self/mounts") else { return [] }
    var found: [(version: Version, mount: String, controller: String)] = []
    for line in mounts.split(separator: "\n") {
      let words = line.split(separator: " ")
      guard words.count >= 4 else { continue }
      if words[2] == "cgroup", words[3].split(separator: ",").contains("freezer") {
        found.insert((.one, String(words[1]), "freezer"), at: 0)
      } else if words[2] == "cgroup2" {
        found.append((.two, String(words[1]), ""))
      }
    }
    return found
  }()

  /// The group that a process is in, in one hierarchy.
  static func group(of pid: Int32, in hierarchy: (version: Version, mount: String, controller: String)) -> FreezerGroup?
  {
    guard let text = try? readText("/proc/\(pid)/cgroup") else { return nil }
    for line in text.split(separator: "\n") {
      let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard parts.count == 3,
        parts[1].split(separator: ",").contains(where: { $0 == hierarchy.controller })
          || (hierarchy.controller.isEmpty && parts[1].isEmpty)
      else { continue }
      let path = parts[2] == "/" ? "" : String(parts[2])
      return FreezerGroup(version: hierarchy.version, directory: hierarchy.mount + path)
    }
    return nil
  }

  /// The frozen group that holds a process; `nil` when nothing froze it.
  static func frozenGroup(of pid: Int32) -> FreezerGroup? {
    hierarchies.lazy.compactMap { group(of: pid, in: $0) }.first { $0.isFrozen }
  }

  /// The groups that hold a process frozen: its own and those around it that were told to freeze, outermost first.
  static func holders(of pid: Int32) -> [FreezerGroup] {
    hierarchies.flatMap { hierarchy -> [FreezerGroup] in
      guard let own = group(of: pid, in: hierarchy) else { return [] }
      let inside = own.directory.dropFirst(hierarchy.mount.count).split(separator: "/")
      var directory = hierarchy.mount
      return inside.compactMap { name in
        directory += "/\(name)"
        let group = FreezerGroup(version: hierarchy.version, directory: directory)
        return group.isToldToFreeze ? group : nil
      }
    }
  }

  /// Whether this group itself, and not one around it, was told to freeze.
  private var isToldToFreeze: Bool {
    let file = version == .one ? "freezer.self_freezing" : "cgroup.freeze"
    return (try? readText("\(directory)/\(file)"))?.hasPrefix("1") ?? false
  }

  /// Whether the kernel says that the group is frozen.
  var isFrozen: Bool {
    switch version {
    case .one: (try? readText("\(directory)/freezer.state"))?.hasPrefix("FROZEN") ?? false
    case .two: (try? readText("\(directory)/cgroup.events"))?.contains("frozen 1") ?? false
    }
  }

  /// Whether the group in a directory is frozen, whatever its version; one without a freezer never is.
  static func isFrozen(_ directory: String) -> Bool {
    FreezerGroup(version: .one, directory: directory).isFrozen
      || FreezerGroup(version: .two, directory: directory).isFrozen
  }

  /// Freezes or thaws.
  ///
  /// - Parameter wait: until the kernel says it is done; up to 10 seconds.
  func setFrozen(_ frozen: Bool, wait: Bool) throws(Errno) {
    switch version {
    case .one: try writeText(frozen ? "FROZEN" : "THAWED", to: "\(directory)/freezer.state")
    case .two: try writeText(frozen ? "1" : "0", to: "\(directory)/cgroup.freeze")
    }
    guard wait else { return }
    for _ in 0..<5000 {
      if isFrozen == frozen { return }
      var pause = timespec(tv_sec: 0, tv_nsec: 2_000_000)
      unsafe nanosleep(&pause, nil)
    }
    throw .timedOut
  }

  /// The processes of the group and of all groups inside it.
  var allProcesses: [Int32] {
    let inside = ((try? directoryEntries(directory)) ?? []).filter { name in
      (try? fileStatus("\(directory)/\(name)")).map { $0.st_mode & S_IFMT == S_IFDIR } ?? false
    }
    return processes
      + inside.flatMap { FreezerGroup(version: version, directory: "\(directory)/\($0)").allProcesses }
  }

  /// The processes of the group.
  var processes: [Int32] {
    ((try? readText("\(directory)/cgroup.procs")) ?? "").split(separator: "\n").compactMap { Int32($0) }
  }
}

/// Writes a small kernel file.
func writeText(_ text: String, to path: String) throws(Errno) {
  let descriptor = try OwnedDescriptor.open(path, O_WRONLY)
  let bytes = Array(text.utf8)
  _ = try unsafe bytes.withBytes { buffer throws(Errno) in
    try systemCall { unsafe write(descriptor.number, buffer.baseAddress, buffer.count) }
  }
}
