/// Defines `Sandbox`, the directory of one test, which takes its files and its processes with it when it goes.

internal import CLinux
internal import Glibc
internal import SystemCalls

/// A temporary directory, and a mark in the environment of everything that was started in it.
package final class Sandbox {
  /// An absolute path without symbolic links; mode 0755, for jobs that drop root.
  package let path: String
  /// The pids of tasks that were seen to belong to jobs of this sandbox.
  private var remembered: Set<Int32> = []
  private static let variable = "CRTOP_TEST_SANDBOX"

  /// - Parameter parent: where to make it; `$TMPDIR` or `/tmp` by default.
  package init(in parent: String? = nil) throws {
    let made = try makeTemporaryDirectory(in: parent)
    path = made
    _ = try systemCall { unsafe chmod(made, 0o755) }
  }

  /// Notes the tasks below a root, so that their end can be waited for: init reaps them when the root has gone, and
  /// until then their pids are taken.
  package func remember(_ root: Int32) {
    for task in (try? subtree(root)) ?? [] { remembered.insert(task.pid) }
  }

  /// Notes the tasks in an image: of a job that starts programs all the time, those that were there at the checkpoint.
  package func remember(image: String) throws {
    for task in try JSON(try crtopMust("show", image, "--json").output).array ?? [] {
      if let pid = task["pid"]?.number { remembered.insert(Int32(truncatingIfNeeded: pid)) }
    }
  }

  /// Waits until no process of this sandbox is left and no pid of a remembered task is taken.
  package func awaitEnd(seconds: Double = 20) throws {
    try waitUntil("all tasks of \(path) to be gone", seconds: seconds) { try self.isOver() }
  }

  private func isOver() throws -> Bool {
    let left = try processes()
    remembered.formUnion(left)
    remembered = remembered.filter { isTaken($0) }
    return left.isEmpty && remembered.isEmpty
  }

  deinit {
    for pid in (try? processes()) ?? [] { remember(pid) }
    let end = monotonicMicroseconds() + 2_000_000
    while monotonicMicroseconds() < end {
      for pid in (try? processes()) ?? [] { _ = CLinux.kill(pid, SIGKILL) }
      if (try? isOver()) == true { break }
      pause(microseconds: 2000)
    }
    removeTree(path)
  }

  /// What a process of this sandbox gets in its environment.
  package var environment: [String: String] {
    [Self.variable: path, "CRTOP_IMAGES": "\(path)/images", "XDG_STATE_HOME": "\(path)/state"]
  }

  package subscript(name: String) -> String { "\(path)/\(name)" }

  /// The live processes that were started here, wherever they have got to. Zombies have no environment.
  package func processes() throws -> [Int32] {
    let mark = "\(Self.variable)=\(path)\0"
    return try allProcesses().filter { pid in
      guard let text = try? readText("/proc/\(pid)/environ") else { return false }
      return text.hasPrefix(mark) || text.contains("\0" + mark)
    }
  }
}

/// All pids in /proc.
package func allProcesses() throws -> [Int32] { try directoryEntries("/proc").compactMap { Int32($0) } }
