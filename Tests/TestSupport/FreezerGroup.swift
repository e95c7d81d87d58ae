/// Defines `FreezerGroup`, a cgroup of a test that can be frozen; thawed, emptied and removed at the end.

internal import CLinux
internal import Glibc
internal import ProcessTree
internal import SystemCalls

package final class FreezerGroup {
  /// Where a hierarchy with a freezer is mounted.
  package struct Mount: Sendable {
    package var version: Int
    package var path: String
  }

  private let path: String
  private let mount: Mount

  /// The hierarchies in which this program may make groups, version 1 first.
  package static let usable: [Mount] = {
    var reader = ProcFileReader()
    guard let scanner = try? reader.read("/proc/self/mountinfo") else { return [] }
    let mounts = CgroupMounts(scanner)
    return [
      mounts.freezer.map { Mount(version: 1, path: $0) }, mounts.unified.map { Mount(version: 2, path: $0) },
    ].compactMap { $0 }.filter { unsafe access($0.path + "/cgroup.procs", W_OK) == 0 }
  }()

  package init(_ mount: Mount, named name: String) throws {
    self.mount = mount
    path = "\(mount.path)/\(name)"
    _ = try systemCall { unsafe mkdir(path, 0o755) }
  }

  package func add(_ pid: Int32) throws { try writeText("\(pid)", to: path + "/cgroup.procs") }

  package func freeze(_ on: Bool) throws {
    if mount.version == 1 {
      try writeText(on ? "FROZEN" : "THAWED", to: path + "/freezer.state")
    } else {
      try writeText(on ? "1" : "0", to: path + "/cgroup.freeze")
    }
  }

  /// Of version 1: what the kernel says, such as FROZEN.
  package var state: String { ((try? readText("\(path)/freezer.state")) ?? "").filter { $0 != "\n" } }

  deinit {
    try? freeze(false)
    for pid in ((try? readText(path + "/cgroup.procs")) ?? "").split(separator: "\n") {
      try? writeText(String(pid), to: mount.path + "/cgroup.procs")
    }
    // What has left it may take a moment to be gone.
    try? waitUntil("\(path) to be empty", seconds: 1) { unsafe rmdir(path) == 0 }
  }
}
