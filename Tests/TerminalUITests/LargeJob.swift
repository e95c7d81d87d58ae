import Glibc
import SystemCalls
import TestSupport
import Testing

/// A job of a shell on a terminal that has much memory, in a directory of its own which also takes its images. Without job
/// control it is a child of the shell, which takes its exit status, and needs no fork to lead a session.
final class LargeJob {
  let pid: Int32
  private let directory: String
  var images: String { "\(directory)/images" }

  /// - Parameter megabytes: of memory.
  init(_ megabytes: Int, in tmux: Tmux) throws {
    let directory = try makeTemporaryDirectory()
    self.directory = directory
    try tmux.command("set +m; setsid \(Programs.workloads) large \(directory) \(megabytes) < /dev/null & echo job=$!=")
    pid = try tmux.pids(1)[0]
    try waitUntil("the job to be ready") { (try? readText("\(directory)/out")) == "ready\n" }
  }

  deinit {
    kill(pid, SIGKILL)
    try? removeStore(images)
    try? removeStore(directory)
  }

  /// crtop on that terminal, with the job selected.
  func show(in tmux: Tmux) throws {
    try tmux.command("clear; CRTOP_IMAGES=\(images) \(Programs.crtop) \(pid)")
    _ = try tmux.waitFor("workloads (\(pid)): 1 task")
  }

  /// Asks the job for its verdict on itself.
  func expectPass() throws {
    let verdict = try OwnedDescriptor.open("\(directory)/verdict", O_WRONLY | O_CREAT)
    try verdict.close()
    try waitUntil("the job's verdict") { (try? readText("\(directory)/out")) == "ready\nPASS\n" }
  }
}

extension Tmux {
  /// The pids that `echo job=$!=` has shown, so many.
  func pids(_ count: Int) throws -> [Int32] {
    func found(_ screen: String) -> [Int32] { screen.split(separator: "=").compactMap { Int32($0) } }
    return found(try waitUntil("\(count) pids") { found($0).count == count })
  }
}

/// Removes a directory with what is in it, which is no directory.
func removeStore(_ path: String) throws {
  for name in try directoryEntries(path) { unsafe _ = unlink("\(path)/\(name)") }
  unsafe _ = rmdir(path)
}
