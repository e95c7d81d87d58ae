/// Defines `FreezerGroup`, a cgroup that can be frozen, of version 1 (freezer.state) or 2 (cgroup.freeze).

internal import CLinux
internal import Glibc
internal import SystemCalls

/// A directory of a cgroup hierarchy that has a freezer.
struct FreezerGroup: Hashable {
  enum Version { case one, two }
  let version: Version
  let directory: String

  /// Those with a freezer; version 1 first, since it does nothing but freeze.
  static let hierarchies: [CgroupHierarchy] = {
    let mounted = CgroupHierarchy.mounted
    return mounted.filter { !$0.isUnified && $0.options.contains("freezer") }.reversed() + mounted.filter(\.isUnified)
  }()

  /// The group that a process is in, in one hierarchy.
  static func group(of pid: Int32, in hierarchy: CgroupHierarchy) -> FreezerGroup? {
    group(in: hierarchy, memberships(of: pid))
  }

  private static func memberships(of pid: Int32) -> [CgroupMembership] {
    CgroupMembership.parse((try? readText("/proc/\(pid)/cgroup")) ?? "")
  }

  private static func group(in hierarchy: CgroupHierarchy, _ memberships: [CgroupMembership]) -> FreezerGroup? {
    memberships.first { $0.isOf(hierarchy) }.map { membership in
      FreezerGroup(
        version: hierarchy.isUnified ? .two : .one,
        directory: hierarchy.mount + (membership.path == "/" ? "" : membership.path))
    }
  }

  /// The groups that hold a process frozen: its own and those around it that were told to freeze, outermost first.
  static func holders(of pid: Int32) -> [FreezerGroup] {
    let memberships = memberships(of: pid)
    return hierarchies.flatMap { hierarchy -> [FreezerGroup] in
      guard let own = group(in: hierarchy, memberships) else { return [] }
      let inside = own.directory.dropFirst(hierarchy.mount.count).split(separator: "/")
      var directory = hierarchy.mount
      return inside.compactMap { name in
        directory += "/\(name)"
        let group = FreezerGroup(version: own.version, directory: directory)
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
      pause(milliseconds: 2)
    }
    throw .timedOut
  }

  /// The processes of the group and of all groups inside it.
  var allProcesses: [Int32] {
    let inside = ((try? directoryEntries(directory)) ?? []).filter { name in
      (try? fileStatus("\(directory)/\(name)")).map(\.isDirectory) ?? false
    }
    return processes
      + inside.flatMap { FreezerGroup(version: version, directory: "\(directory)/\($0)").allProcesses }
  }

  /// The processes of the group.
  var processes: [Int32] {
    ((try? readText("\(directory)/cgroup.procs")) ?? "").split(separator: "\n").compactMap { Int32($0) }
  }
}
