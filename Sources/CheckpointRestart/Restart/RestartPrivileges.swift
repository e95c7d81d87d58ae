/// Defines `RestartPrivileges`: whether crtop may give the tasks what the image says, found out before any of them exists.

internal import CLinux
internal import Glibc
internal import ImageSchema
internal import SystemCalls

/// A restart never gives a task more privilege than its caller has: the kernel would refuse, but only half-way.
struct RestartPrivileges {
  private let own: ImageCredentials
  private let ownFilters: Bool
  private let users: IdentityMap
  private let groups: IdentityMap

  init() {
    own = Credentials.own()
    ownFilters = Abilities.isFiltered
    users = IdentityMap("/proc/self/uid_map")
    groups = IdentityMap("/proc/self/gid_map")
  }

  /// What stands in the way of a new pid namespace, with a /proc to match (pid_namespaces(7), mount_namespaces(7)).
  func namespace() -> [Problem] {
    guard own.effective & Capabilities.administer == 0 else { return [] }
    return [
      Problem(
        errno: .notPermitted, what: "a new pid namespace", why: "it needs CAP_SYS_ADMIN, which crtop does not have",
        remedy: "run crtop as root")
    ]
  }

  /// What stands in the way; each difference of a process once.
  func problems(_ processes: [ImageProcess]) -> [Problem] {
    var problems: [Problem] = []
    if own.effective & (Capabilities.checkpointRestore | Capabilities.administer) == 0 {
      problems.append(
        Problem(
          errno: .notPermitted, what: "the pids of the job",
          why: "choosing a pid needs CAP_CHECKPOINT_RESTORE or CAP_SYS_ADMIN, which crtop does not have",
          remedy:
            "run crtop as root, or in namespaces of your own: unshare --user --map-current-user --keep-caps --pid "
            + "--fork --mount-proc"))
    }
    if ownFilters {
      problems.append(
        Problem(
          errno: .notPermitted, what: "the system calls of the job",
          why: "crtop itself runs under a seccomp filter, which the job would get",
          remedy: "run crtop without a filter, outside of the container"))
    }
    for process in processes {
      let name = TaskName(pid: process.pid, comm: process.comm)
      var wanted = process.threads.map { ($0.credentials, TaskName(pid: $0.tid, comm: $0.comm)) }
      if process.hasCredentials {
        var dead = process.credentials
        dead.secureBits = own.secureBits
        wanted.append((dead, name))
      }
      var seen: Set<ImageCredentials> = []
      for (image, task) in wanted where image != own && seen.insert(image).inserted {
        for (what, why, remedy) in users(image) + groups(image) + sets(image) {
          problems.append(Problem(task: task, errno: .notPermitted, what: what, why: why, remedy: remedy))
        }
      }
      if process.usesSeccomp && !has(Capabilities.administer) {
        problems.append(
          Problem(
            task: name, errno: .notPermitted, what: "its seccomp filters", why: "suspending them needs CAP_SYS_ADMIN",
            remedy: "run crtop as root"))
      }
      problems += limits(process, name)
    }
    return problems
  }

  private typealias Obstacle = (what: String, why: String, remedy: String)

  private func has(_ capability: UInt64) -> Bool { own.effective & capability != 0 }

  private func users(_ image: ImageCredentials) -> [Obstacle] {
    guard image.userIds != own.userIds else { return [] }
    let what = "its user ids \(list(image.userIds))"
    if let unmapped = image.userIds.first(where: { !users.contains($0) }) {
      return [(what, "user \(unmapped) is not mapped in this user namespace", "restart it where that user exists")]
    }
    let foreign = Set(image.userIds).subtracting(own.userIds)
    guard !has(Capabilities.setUsers), let user = foreign.min() else { return [] }
    return [
      (
        what, "crtop runs as user \(own.userIds.first ?? 0) and lacks CAP_SETUID",
        user == 0 ? "run crtop as root" : "run crtop as root, or as user \(user)"
      )
    ]
  }

  private func groups(_ image: ImageCredentials) -> [Obstacle] {
    var obstacles: [Obstacle] = []
    let foreign = Set(image.groupIds).subtracting(own.groupIds)
    if image.groupIds != own.groupIds {
      let what = "its group ids \(list(image.groupIds))"
      if let unmapped = image.groupIds.first(where: { !groups.contains($0) }) {
        obstacles.append(
          (what, "group \(unmapped) is not mapped in this user namespace", "restart it where that group exists"))
      } else if !has(Capabilities.setGroups), let group = foreign.min() {
        obstacles.append((what, "crtop is not in group \(group) and lacks CAP_SETGID", "run crtop as root"))
      }
    }
    if image.groups.sorted() != own.groups.sorted() {
      let what = image.groups.isEmpty ? "its empty list of groups" : "its groups \(list(image.groups))"
      if !has(Capabilities.setGroups) {
        obstacles.append((what, "crtop is in groups (\(list(own.groups))) and lacks CAP_SETGID", "run crtop as root"))
      } else if (try? readText("/proc/self/setgroups"))?.hasPrefix("deny") == true {
        obstacles.append((what, "this user namespace denies setgroups(2)", "run crtop as root"))
      } else if let unmapped = image.groups.first(where: { !groups.contains($0) }) {
        obstacles.append(
          (what, "group \(unmapped) is not mapped in this user namespace", "restart it where that group exists"))
      }
    }
    return obstacles
  }

  private func sets(_ image: ImageCredentials) -> [Obstacle] {
    var obstacles: [Obstacle] = []
    func need(_ missing: UInt64, _ what: String, _ remedy: String = "run crtop with these capabilities, as root") {
      guard missing != 0 else { return }
      obstacles.append((what, "crtop lacks \(Capabilities.description(of: missing))", remedy))
    }
    need((image.permitted | image.ambient) & ~own.permitted, "its capabilities")
    need(
      image.inheritable & ~(own.inheritable | (has(Capabilities.setCapabilities) ? own.bounding : own.permitted)),
      "its inheritable capabilities")
    need(image.bounding & ~own.bounding, "its bounding set", "run crtop where nothing is missing from that set")
    let mayChange = has(Capabilities.setCapabilities)
    if own.bounding & ~image.bounding != 0 && !mayChange { need(Capabilities.setCapabilities, "its bounding set") }
    if image.secureBits != own.secureBits {
      // Each lock is the bit above what it locks (securebits.h).
      let locked = own.secureBits & 0xaa
      if !mayChange {
        need(Capabilities.setCapabilities, "its securebits")
      } else if (own.secureBits ^ image.secureBits) & (locked | locked >> 1) != 0 {
        obstacles.append(("its securebits", "those of crtop are locked", "run crtop from a shell without locked bits"))
      }
    }
    if own.noNewPrivileges && !image.noNewPrivileges {
      obstacles.append(
        (
          "its right to gain privileges by execve(2)", "crtop runs with no_new_privs, which nothing takes away",
          "run crtop without no_new_privs"
        ))
    }
    return obstacles
  }

  private func limits(_ process: ImageProcess, _ name: TaskName) -> [Problem] {
    guard !has(Capabilities.resources) else { return [] }
    return process.resourceLimits.compactMap { limit in
      var mine = rlimit()
      guard unsafe getrlimit(__rlimit_resource_t(limit.resource), &mine) == 0, limit.hard > UInt64(mine.rlim_max)
      else { return nil }
      return Problem(
        task: name, errno: .notPermitted, what: "its hard limit \(ResourceLimits.name(limit.resource))",
        why: "it is \(limit.hard), above crtop's own (\(mine.rlim_max)), and crtop lacks CAP_SYS_RESOURCE",
        remedy: "run crtop from a shell with limits as high as the job's (ulimit -H)")
    }
  }

  private func list(_ ids: [UInt32]) -> String { ids.map { "\($0)" }.joined(separator: ", ") }
}

/// The ids that a user namespace has (user_namespaces(7)).
private struct IdentityMap {
  private var ranges: [Range<UInt64>] = []

  init(_ path: String) {
    for line in ((try? readText(path)) ?? "").split(separator: "\n") {
      let numbers = line.split(separator: " ").compactMap { UInt64($0) }
      if numbers.count == 3 { ranges.append(numbers[0]..<numbers[0] + numbers[2]) }
    }
  }

  func contains(_ id: UInt32) -> Bool { ranges.isEmpty || ranges.contains { $0.contains(UInt64(id)) } }
}
