/// Defines `Freezer`: puts a subtree into a cgroup of its own and freezes it, and undoes that.

internal import CLinux
internal import Glibc
internal import SystemCalls

/// Each cgroup that has tasks of the subtree gets a child group named after the subtree's root; thawing moves the tasks
/// back into the parent and removes it. So whoever looks at the cgroups sees who froze what.
struct Freezer {
  private let pids: [Int32]
  private let groupName: String

  init(_ pids: [Int32], root: Int32) {
    self.pids = pids
    groupName = "crtop-\(root)"
  }

  /// Freezes all tasks.
  func freeze(wait: Bool) throws(Problem) {
    let hierarchy = try usableHierarchy()
    var groups: [FreezerGroup] = []
    for pid in pids {
      guard let current = FreezerGroup.group(of: pid, in: hierarchy) else { continue }
      if current.isFrozen { continue }
      let frozen =
        current.directory.hasSuffix("/\(groupName)")
        ? current : FreezerGroup(version: current.version, directory: "\(current.directory)/\(groupName)")
      do throws(Errno) {
        if !groups.contains(frozen) {
          _ = try? systemCall { unsafe frozen.directory.withCString { unsafe mkdir($0, 0o755) } }
          groups.append(frozen)
        }
        try move(pid, to: frozen)
      } catch {
        undo(groups)
        throw error.problem("cannot move process \(pid) to \(frozen.directory)", remedy: "run crtop as root")
      }
    }
    for group in groups {
      do throws(Errno) { try group.setFrozen(true, wait: wait) } catch {
        undo(groups)
        throw error.problem("cannot freeze \(group.directory)", remedy: "run crtop as root")
      }
    }
  }

  /// Thaws all tasks that are in groups of crtop.
  func thaw() throws(Problem) {
    let hierarchy = try usableHierarchy()
    var found = false
    for pid in pids {
      guard let current = FreezerGroup.group(of: pid, in: hierarchy), current.isFrozen || Self.isOurs(current) else {
        continue
      }
      guard Self.isOurs(current) else {
        throw Problem(
          errno: .notPermitted, what: "process \(pid)",
          why: "it was not crtop that froze it, but the owner of \(current.directory)",
          remedy: "thaw that cgroup with what froze it")
      }
      found = true
      do throws(Errno) {
        try current.setFrozen(false, wait: true)
      } catch { throw error.problem("cannot thaw \(current.directory)", remedy: "run crtop as root") }
      undo([current])
    }
    if !found {
      throw Problem(errno: .invalidArgument, what: "the subtree", why: "it is not frozen")
    }
  }

  /// A group made by crtop, for this subtree or one inside or around it.
  static func isOurs(_ group: FreezerGroup) -> Bool { isOurs(group.directory) }

  /// - Parameter path: of a cgroup; its last component counts.
  static func isOurs(_ path: some StringProtocol) -> Bool {
    guard let name = path.split(separator: "/").last, name.hasPrefix("crtop-") else { return false }
    return Int32(name.dropFirst(6)) != nil
  }

  private func undo(_ groups: [FreezerGroup]) {
    for group in groups {
      try? group.setFrozen(false, wait: false)
      let parent = FreezerGroup(
        version: group.version,
        directory: String(group.directory.dropLast(lastComponentLength(group) + 1)))
      for pid in group.processes { try? move(pid, to: parent) }
      _ = try? systemCall { unsafe group.directory.withCString { unsafe rmdir($0) } }
    }
  }

  private func lastComponentLength(_ group: FreezerGroup) -> Int {
    group.directory.split(separator: "/").last?.count ?? 0
  }

  private func move(_ pid: Int32, to group: FreezerGroup) throws(Errno) {
    do throws(Errno) { try writeText("\(pid)", to: "\(group.directory)/cgroup.procs") } catch {
      if error != .noSuchProcess { throw error }  // a zombie, or ended meanwhile
    }
  }

  private func usableHierarchy() throws(Problem) -> CgroupHierarchy {
    if let first = FreezerGroup.hierarchies.first { return first }
    throw Problem(
      errno: .notSupported, what: "the cgroup freezer", why: "no cgroup hierarchy with a freezer is mounted",
      remedy: "mount cgroup2 on /sys/fs/cgroup")
  }
}
