/// Looks at tasks from outside through /proc, with code of its own: what is tested does not judge itself.

internal import CLinux
internal import Glibc
internal import SystemCalls

/// What must be the same before a checkpoint and after the restart.
package struct TaskView: Hashable, CustomStringConvertible {
  package var pid: Int32
  /// 0 for the root, whose parent may change.
  package var parent: Int32
  package var group: Int32
  package var session: Int32
  package var comm: String
  package var isZombie: Bool
  package var isStopped: Bool
  /// Thread ids and names, in order of the ids; of zombies only the leader.
  package var threads: [String]
  /// As field 52 of stat shows it; 0 for those that live.
  package var exitCode: Int32

  package var description: String {
    "\(pid) \(comm)\(isZombie ? " zombie \(exitCode)" : "")\(isStopped ? " stopped" : "") parent \(parent) "
      + "group \(group) session \(session) threads \(threads)"
  }
}

/// A few fields of /proc/PID/stat.
package struct StatLine {
  package var comm: String
  package var state: Character
  /// Field 4 is at index 0.
  package var numbers: [Int64]

  package init?(_ path: String) {
    guard let text = try? readText(path), let open = text.firstIndex(of: "("), let close = text.lastIndex(of: ")")
    else { return nil }
    comm = String(text[text.index(after: open)..<close])
    let rest = text[text.index(after: close)...].split(whereSeparator: { $0 == " " || $0 == "\n" })
    guard let letter = rest.first?.first else { return nil }
    state = letter
    numbers = rest.dropFirst().map { Int64($0) ?? 0 }
  }

  /// A field by its number in proc(5).
  package func field(_ number: Int) -> Int64 { number - 4 < numbers.count ? numbers[number - 4] : 0 }
}

/// The subtree of a task, the root first, then by pid.
package func subtree(_ root: Int32) throws -> [TaskView] {
  var parents: [Int32: Int32] = [:]
  for pid in try allProcesses() {
    if let line = StatLine("/proc/\(pid)/stat") { parents[pid] = Int32(line.field(4)) }
  }
  var members: Set<Int32> = [root]
  var grown = true
  while grown {
    let next = parents.filter { members.contains($0.value) }.keys
    grown = !members.isSuperset(of: next)
    members.formUnion(next)
  }
  return members.sorted().compactMap { view($0, root: root) }
}

private func view(_ pid: Int32, root: Int32) -> TaskView? {
  guard let line = StatLine("/proc/\(pid)/stat") else { return nil }
  let threads = ((try? directoryEntries("/proc/\(pid)/task")) ?? []).compactMap { Int32($0) }.sorted()
  let isZombie = line.state == "Z" && threads.count <= 1
  return TaskView(
    pid: pid, parent: pid == root ? 0 : Int32(line.field(4)), group: Int32(line.field(5)),
    session: Int32(line.field(6)), comm: line.comm, isZombie: isZombie, isStopped: line.state == "T",
    threads: threads.map { "\($0) \(StatLine("/proc/\(pid)/task/\($0)/stat")?.comm ?? "gone")" },
    exitCode: isZombie ? Int32(line.field(52)) : 0)
}

/// The threads of a process.
package func threads(of pid: Int32) -> [Int32] {
  ((try? directoryEntries("/proc/\(pid)/task")) ?? []).compactMap { Int32($0) }
}

/// The value of a line of /proc/PID/task/TID/status.
package func statusField(_ name: String, pid: Int32, tid: Int32? = nil) -> String? {
  guard let text = try? readText("/proc/\(pid)/task/\(tid ?? pid)/status") else { return nil }
  for line in text.split(separator: "\n") where line.hasPrefix(name + ":") {
    return String(line.dropFirst(name.utf8.count + 1).drop { $0 == "\t" || $0 == " " })
  }
  return nil
}

/// The tasks of these that somebody traces: must be empty when crtop is done or dead.
package func traced(_ tasks: [TaskView]) -> [String] {
  tasks.flatMap { task in
    threads(of: task.pid).compactMap { tid in
      let tracer = statusField("TracerPid", pid: task.pid, tid: tid) ?? "0"
      return tracer == "0" ? nil : "\(task.comm) (\(tid)) is traced by \(tracer)"
    }
  }
}

/// Whether a pid is in use, be it by a zombie.
package func isTaken(_ pid: Int32) -> Bool { exists("/proc/\(pid)") }
