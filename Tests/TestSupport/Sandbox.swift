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
    let base = unsafe parent ?? getenv("TMPDIR").map { unsafe String(cString: $0) } ?? "/tmp"
    var template = Array("\(base)/crtop-test-XXXXXX".utf8CString)
    let made = unsafe template.withUnsafeMutableBufferPointer { buffer -> String? in
      guard let start = buffer.baseAddress, let name = unsafe mkdtemp(start),
        let real = unsafe realpath(name, nil)
      else { return nil }
      defer { unsafe free(real) }
      return unsafe String(cString: real)
    }
    guard let made else { throw TestFailure("no directory can be made in \(base): \(currentErrno())") }
    path = made
    _ = try systemCall { unsafe chmod(made, 0o755) }
  }

  /// Notes the tasks below a root, so that they are reaped in the end: as orphans they become children of ours, and
  /// the test library's own waiting for children goes round in circles while there are zombies.
  package func remember(_ root: Int32) {
    for task in (try? subtree(root)) ?? [] { remembered.insert(task.pid) }
  }

  deinit {
    for pid in (try? processes()) ?? [] { remember(pid) }
    let end = monotonicMicroseconds() + 2_000_000
    while monotonicMicroseconds() < end {
      for pid in (try? processes()) ?? [] {
        remembered.insert(pid)
        _ = CLinux.kill(pid, SIGKILL)
      }
      remembered = remembered.filter { pid in
        _ = try? reap(pid)
        return isTaken(pid)
      }
      if remembered.isEmpty { break }
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
