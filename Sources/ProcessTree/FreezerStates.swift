/// Defines `FreezerStates`, which tells whether a cgroup is frozen, and `CgroupPaths`, which tells which cgroup a task is in.

package import SystemCalls

/// The two paths of `/proc/PID/cgroup` that matter to freezing; `nil` where the hierarchy is not mounted.
package struct CgroupPaths: Sendable, Hashable {
  /// In the hierarchy of the v1 `freezer` controller.
  package var freezer: String?
  /// In the v2 hierarchy.
  package var unified: String?

  package init(freezer: String? = nil, unified: String? = nil) {
    self.freezer = freezer
    self.unified = unified
  }

  /// Parses lines like `6:freezer:/job` and `0::/job` (cgroups(7)).
  package init(_ scanner: consuming ByteScanner) {
    while !scanner.isAtEnd {
      let hierarchy = scanner.text(upTo: UInt8(ascii: ":"))
      let controllers = scanner.text(upTo: UInt8(ascii: ":"))
      let path = scanner.text(upTo: UInt8(ascii: "\n"))
      if hierarchy == "0" && controllers.isEmpty {
        unified = path
      } else if controllers.split(separator: ",").contains("freezer") {
        freezer = path
      }
    }
  }

  /// The path to show.
  package var shown: String { freezer ?? unified ?? "/" }
}

/// Where the hierarchies are mounted.
package struct CgroupMounts: Sendable, Hashable {
  package var freezer: String?
  package var unified: String?

  /// Reads the lines of `/proc/self/mountinfo` (proc_pid_mountinfo(5)); only mounts of a whole hierarchy count.
  package init(_ scanner: consuming ByteScanner) {
    while !scanner.isAtEnd {
      let fields = scanner.text(upTo: UInt8(ascii: "\n")).split(separator: " ")
      guard let dash = fields.firstIndex(of: "-"), dash >= 6, fields.count >= dash + 4, fields[3] == "/" else {
        continue
      }
      switch fields[dash + 1] {
      case "cgroup" where fields[dash + 3].split(separator: ",").contains("freezer"): freezer = String(fields[4])
      case "cgroup2": unified = String(fields[4])
      default: break
      }
    }
  }
}

/// Asks each cgroup once a snapshot.
///
/// The kernel's answers hold for the parents too: `freezer.state` is FROZEN in every child of a frozen cgroup, and so is
/// `frozen 1` in `cgroup.events`. State letters say nothing: a v1-frozen task shows D, a v2-frozen one S.
struct FreezerStates {
  private let mounts: CgroupMounts
  /// The path of the cgroup that was frozen, itself or above, for each that was asked; empty: it is not frozen.
  private var known: [CgroupPaths: String] = [:]

  init() {
    var reader = ProcFileReader()
    mounts = CgroupMounts((try? reader.read("/proc/self/mountinfo")) ?? ByteScanner([]))
  }

  /// Forgets the answers of the snapshot before.
  mutating func startSnapshot() { known.removeAll(keepingCapacity: true) }

  /// The path of the cgroup whose freezing holds all tasks in these cgroups; `nil` when they are not frozen.
  mutating func frozenGroup(_ paths: CgroupPaths, reader: inout SmallFileReader) -> String? {
    if let answer = known[paths] { return answer.isEmpty ? nil : answer }
    let answer = readFreezer(paths, &reader) ?? readUnified(paths, &reader)
    known[paths] = answer ?? ""
    return answer
  }

  private func readFreezer(_ paths: CgroupPaths, _ reader: inout SmallFileReader) -> String? {
    // The root cannot be frozen and has no such file.
    guard let mount = mounts.freezer, let path = paths.freezer, path != "/",
      (try? reader.read("\(mount)\(path)/freezer.state")) != nil
    else { return nil }
    var scanner = reader.scanner
    guard scanner.skip("FROZEN") else { return nil }
    return origin(of: path, below: mount, in: "freezer.self_freezing", &reader)
  }

  private func readUnified(_ paths: CgroupPaths, _ reader: inout SmallFileReader) -> String? {
    guard let mount = mounts.unified, let path = paths.unified, path != "/",
      (try? reader.read("\(mount)\(path)/cgroup.events")) != nil
    else { return nil }
    var scanner = reader.scanner
    while !scanner.isAtEnd {
      if scanner.skip("frozen 1") { return origin(of: path, below: mount, in: "cgroup.freeze", &reader) }
      scanner.skipPast(UInt8(ascii: "\n"))
    }
    return nil
  }

  /// The nearest cgroup from `path` upwards that was asked to freeze by itself: the file says 1 there.
  private func origin(
    of path: String, below mount: String, in file: String, _ reader: inout SmallFileReader
  ) -> String {
    var current = Substring(path)
    while current.count > 1 {
      if (try? reader.read("\(mount)\(current)/\(file)")) != nil, reader.scanner.next == UInt8(ascii: "1") {
        return String(current)
      }
      guard let slash = current.lastIndex(of: "/") else { break }
      current = current[..<slash]
    }
    return path
  }
}
