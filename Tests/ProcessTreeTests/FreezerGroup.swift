import Testing
import Glibc
import ProcessTree
import SystemCalls

/// A cgroup of this test that can be frozen; thawed, emptied and removed at the end.
final class FreezerGroup {
  struct Mount: Sendable, CustomTestStringConvertible {
    var version: Int
    var path: String
    var testDescription: String { "v\(version) freezer" }
  }

  private let path: String
  private let mount: Mount

  /// The hierarchies in which this test may make groups.
  static let usable: [Mount] = {
    var reader = ProcFileReader()
    guard let scanner = try? reader.read("/proc/self/mountinfo") else { return [] }
    let mounts = CgroupMounts(scanner)
    return [
      mounts.freezer.map { Mount(version: 1, path: $0) }, mounts.unified.map { Mount(version: 2, path: $0) },
    ].compactMap { $0 }.filter { unsafe access($0.path + "/cgroup.procs", W_OK) == 0 }
  }()

  static var isAvailable: Bool { !usable.isEmpty }

  init(_ mount: Mount, named name: String) throws {
    self.mount = mount
    path = "\(mount.path)/\(name)"
    _ = try systemCall { unsafe mkdir(path, 0o755) }
  }

  func add(_ pid: Int32) throws { try write("\(pid)", to: path + "/cgroup.procs") }

  func freeze(_ on: Bool) throws {
    if mount.version == 1 {
      try write(on ? "FROZEN" : "THAWED", to: path + "/freezer.state")
    } else {
      try write(on ? "1" : "0", to: path + "/cgroup.freeze")
    }
  }

  private func write(_ text: String, to file: String) throws {
    let descriptor = try OwnedDescriptor.open(file, O_WRONLY)
    let bytes = Array(text.utf8)
    _ = try systemCall { unsafe Glibc.write(descriptor.number, bytes, bytes.count) }
  }

  deinit {
    try? freeze(false)
    if let procs = try? readText(path + "/cgroup.procs") {
      for pid in procs.split(separator: "\n") { try? write(String(pid), to: mount.path + "/cgroup.procs") }
    }
    for _ in 0..<100 {
      if unsafe rmdir(path) == 0 { return }
      usleep(10000)
    }
  }
}
