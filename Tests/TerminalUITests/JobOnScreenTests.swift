import Glibc
import SystemCalls
import Testing

/// A real job, checkpointed, killed and restarted by nothing but keys.
@Suite(
  .serialized, .timeLimit(.minutes(2)), .enabled(if: Tmux.isAvailable && geteuid() == 0, "needs tmux and root"))
struct JobOnScreenTests {
  @Test func checkpointKillAndRestart() throws {
    let store = "/tmp/crtop-test-images-\(getpid())"
    let tmux = try Tmux(width: 100, height: 30)
    // Without job control the job is a child of the shell, which takes its exit status, and needs no fork to be a leader.
    try tmux.command("set +m; setsid sleep 54321 < /dev/null > /dev/null 2>&1 & echo job=$!=")
    let shown = try tmux.waitUntil("the job's pid") { $0.split(separator: "=").contains { Int32($0) != nil } }
    let pid = try #require(shown.split(separator: "=").compactMap { Int32($0) }.first)
    defer {
      kill(pid, SIGKILL)
      try? removeStore(store)
    }
    let before = try startTime(pid)
    try tmux.command("clear; CRTOP_IMAGES=\(store) \(Tmux.program) \(pid)")
    _ = try tmux.waitFor("sleep (\(pid)): 1 task")
    try tmux.keys("D")
    _ = try tmux.waitFor("Check passed")
    try tmux.keys("BTab", "BTab", "Right", "Right")
    _ = try tmux.waitFor("(•) kill")
    try tmux.keys("Enter", "Enter")
    _ = try tmux.waitFor("1 task will be KILLED")
    try tmux.keys("Left")
    try tmux.keys("Enter")
    _ = try tmux.waitFor("checkpoint of sleep (\(pid)) done: 1 task")
    _ = try tmux.waitFor("sleep (\(pid)) has ended")
    try tmux.keys("R")
    _ = try tmux.waitFor("Images: 1")
    try tmux.keys("Enter")
    _ = try tmux.waitFor("its root gets pid \(pid) again")
    _ = try tmux.waitFor("Plan passed")
    try tmux.keys("Enter")
    _ = try tmux.waitFor("done: 1 task, took")
    _ = try tmux.waitFor("sleep (\(pid)): 1 task")
    #expect(try startTime(pid) != before)
    #expect(try readText("/proc/\(pid)/comm") == "sleep\n")
    try tmux.keys("z")
    _ = try tmux.waitFor("Freeze sleep (\(pid))")
    try tmux.keys("Left")
    try tmux.keys("Enter")
    _ = try tmux.waitFor("F FROZEN")
    try tmux.keys("z")
    _ = try tmux.waitUntil("a thawed job") { !$0.contains("F FROZEN") }
    try tmux.keys("q")
  }

  private func startTime(_ pid: Int32) throws -> Substring {
    let fields = try readText("/proc/\(pid)/stat").split(separator: ")").last?.split(separator: " ") ?? []
    return try #require(fields.count > 19 ? fields[19] : nil)
  }

  private func removeStore(_ path: String) throws {
    for name in try directoryEntries(path) { unsafe _ = unlink("\(path)/\(name)") }
    unsafe _ = rmdir(path)
  }
}
