/// What the doctor says of this machine's set-up.

internal import CheckpointImage
internal import Glibc
internal import SystemCalls
internal import TerminalUI

extension Finding {
  /// The mounts that this process sees (proc_pid_mounts(5)).
  private static var mounts: [(point: String, type: Substring, options: [Substring])] {
    ((try? readText("/proc/self/mounts")) ?? "").split(separator: "\n").compactMap { line in
      let words = line.split(separator: " ")
      guard words.count >= 4 else { return nil }
      return (String(words[1]), words[2], words[3].split(separator: ","))
    }
  }

  static func freezer() -> Finding {
    var writable: [String] = []
    var readOnly: [String] = []
    for mount in mounts {
      let version: String
      switch mount.type {
      case "cgroup" where mount.options.contains("freezer"): version = "1"
      case "cgroup2": version = "2"
      default: continue
      }
      let place = "version \(version) at \(mount.point)"
      if unsafe access(mount.point, W_OK) == 0 { writable.append(place) } else { readOnly.append(place) }
    }
    if !writable.isEmpty { return Finding("cgroup freezer", .ok, writable.joined(separator: ", ")) }
    let lost = "no freeze, no thaw, no --leave-frozen"
    if readOnly.isEmpty {
      return Finding("cgroup freezer", .limited, "not mounted: \(lost)", remedy: "mount cgroup2 on /sys/fs/cgroup")
    }
    return Finding(
      "cgroup freezer", .limited, "\(readOnly.joined(separator: ", ")), not writable: \(lost)",
      remedy: "run crtop as root")
  }

  static func corePattern() -> Finding {
    let pattern =
      ((try? readText("/proc/sys/kernel/core_pattern")) ?? "").split(separator: "\n").first.map(String.init) ?? ""
    if geteuid() != 0 {
      return Finding(
        "core_pattern", .limited, "zombies that dumped core are made again by root only", remedy: "run crtop as root")
    }
    if !pattern.hasPrefix("|") && !pattern.hasPrefix("/") && !pattern.hasPrefix("@") {
      return Finding("core_pattern", .ok, "'\(pattern)': the core flag of zombies can be made again")
    }
    return Finding(
      "core_pattern", .limited,
      "'\(pattern)': zombies that dumped core are refused, since making them again would leave a file",
      remedy: "set kernel.core_pattern to 'core' (sysctl), or accept the loss: --accept core-flag")
  }

  static func imageStore() -> Finding {
    let subject = "image store"
    let directory: String
    do throws(Problem) { directory = try ImageStore.standard().directory } catch {
      return Finding(subject, .missing, "\(error.what): \(error.why)", remedy: error.remedy)
    }
    // It is made at the first checkpoint: until then the directory above it decides.
    var existing = directory
    while unsafe access(existing, F_OK) != 0, let slash = existing.lastIndex(of: "/"), slash > existing.startIndex {
      existing = String(existing[..<slash])
    }
    guard unsafe access(existing, W_OK | X_OK) == 0 else {
      return Finding(
        subject, .limited, "\(existing) is not writable, so that checkpoints need -o",
        remedy: "set CRTOP_IMAGES to a directory of yours")
    }
    var status = statvfs()
    guard unsafe statvfs(existing, &status) == 0 else { return Finding(subject, .ok, directory) }
    let free = UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize)).partialValue
    let found = "\(directory), \(Format.bytes(free)) free"
    guard free >= 1 << 30 else {
      return Finding(
        subject, .limited, "\(found): large jobs do not fit",
        remedy: "delete old images ('crtop images'), or set CRTOP_IMAGES")
    }
    return Finding(subject, .ok, found)
  }

  static func proc() -> Finding {
    guard let mount = mounts.last(where: { $0.point == "/proc" && $0.type == "proc" }) else {
      return Finding("/proc", .missing, "it is not mounted", remedy: "mount -t proc proc /proc")
    }
    let hiding = mount.options.first { $0.hasPrefix("hidepid=") && $0 != "hidepid=0" && $0 != "hidepid=off" }
    if let hiding, geteuid() != 0 {
      return Finding(
        "/proc", .limited, "mounted with \(hiding): other users' processes are not shown", remedy: "run crtop as root")
    }
    return Finding("/proc", .ok, "all processes are shown")
  }
}
