import Glibc
import SystemCalls
import TestSupport
import Testing

/// A real job, checkpointed, killed and restarted by nothing but keys.
@Suite(
  .serialized, .timeLimit(.minutes(2)), .enabled(if: Tmux.isAvailable && geteuid() == 0, "needs tmux and root"))
struct JobOnScreenTests {
  @Test func checkpointKillAndRestart() throws {
    let store = "/tmp/crtop-test-images-\(getpid())"
    let tmux = try Tmux(width: 100, height: 30)
    // Without job control, as in LargeJob.
    try tmux.command("set +m; setsid sleep 54321 < /dev/null > /dev/null 2>&1 & echo job=$!=")
    let pid = try tmux.pids(1)[0]
    defer {
      kill(pid, SIGKILL)
      try? removeStore(store)
    }
    let before = try startTime(pid)
    try tmux.command("clear; CRTOP_IMAGES=\(store) \(Programs.crtop) \(pid)")
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

  /// Cancelled means undone: the job runs, is whole, and nothing is left of its image.
  @Test func aCancelledCheckpointLeavesNothing() throws {
    let tmux = try Tmux(width: 80, height: 24)
    let job = try LargeJob(400, in: tmux)
    try job.show(in: tmux)
    try tmux.keys("D")
    _ = try tmux.waitFor("Check passed")
    // It would stay frozen, and packing takes long: the job stands still when the cancellation comes.
    try tmux.keys("BTab", "Right", "Right", "BTab", "Right", "Enter", "Enter")
    _ = try tmux.waitFor("The job will stand still afterwards")
    try tmux.keys("Left", "Enter")
    _ = try tmux.waitUntil("memory on the move") { $0.contains("M/40") && $0.contains("Esc: cancel") }
    try tmux.keys("Escape")
    let end = try tmux.waitFor("cancelled; nothing was changed")
    // The header counts frozen tasks of others too.
    #expect(!end.contains("F FROZEN"))
    #expect(try directoryEntries(job.images).isEmpty)
    try job.expectPass()
    try tmux.keys("q")
  }

  /// Two jobs in one go, then their images side by side.
  @Test func taggedJobsAreQueuedAndTheirImagesCompared() throws {
    let store = "/tmp/crtop-test-queue-\(getpid())"
    let tmux = try Tmux(width: 80, height: 24)
    try tmux.command("set +m; for i in 1 2; do setsid sleep 5432$i < /dev/null > /dev/null 2>&1 & echo job=$!=; done")
    let pids = try tmux.pids(2)
    defer {
      for pid in pids { kill(pid, SIGKILL) }
      try? removeStore(store)
    }
    try tmux.command("clear; CRTOP_IMAGES=\(store) \(Programs.crtop) \(pids[0])")
    _ = try tmux.waitFor("sleep (\(pids[0])): 1 task")
    try tmux.keys("Space")
    try tmux.keys("-l", "\(pids[1])")
    _ = try tmux.waitFor("sleep (\(pids[1])): 1 task")
    try tmux.keys("Space", "D")
    _ = try tmux.waitUntil("two checks") { $0.ranges(of: "Check passed").count == 2 && $0.contains("2 tagged jobs") }
    try tmux.keys("Enter")
    _ = try tmux.waitFor("checkpoint of sleep (\(pids[1])) done")
    try tmux.keys("o")
    _ = try tmux.waitUntil("both in the list") { $0.contains("Operations: 2") && $0.ranges(of: "done").count >= 2 }
    try tmux.keys("Escape")
    try tmux.keys("R")
    _ = try tmux.waitFor("Images: 2")
    try tmux.keys("Space", "Space", "=")
    _ = try tmux.waitFor("What has changed")
    _ = try tmux.waitFor("+ sleep (\(pids[1]))")
    _ = try tmux.waitFor("- sleep (\(pids[0]))")
    try tmux.keys("Escape")
    // The job of the image still runs: the plan says so before anything is made.
    try tmux.keys("Enter")
    _ = try tmux.waitFor("which runs on")
    try tmux.keys("Escape")
    try tmux.keys("Escape")
    try tmux.keys("q")
  }

  /// What waits can be withdrawn, what runs be undone, and the rest goes on in its turn.
  @Test func theQueueIsWorkedOff() throws {
    let tmux = try Tmux(width: 100, height: 30)
    let job = try LargeJob(400, in: tmux)
    try tmux.command("for i in 1 2; do setsid sleep 5433$i < /dev/null > /dev/null 2>&1 & echo job=$!=; done")
    let pids = try tmux.pids(3)
    defer { for pid in pids { kill(pid, SIGKILL) } }
    try job.show(in: tmux)
    try tmux.keys("Space")
    for pid in pids.dropFirst() {
      try tmux.keys("-l", "\(pid)")
      _ = try tmux.waitFor("sleep (\(pid)): 1 task")
      try tmux.keys("Space")
    }
    try tmux.keys("D")
    _ = try tmux.waitUntil("three checks") { $0.ranges(of: "Check passed").count == 3 }
    // Packing takes long enough for what follows.
    try tmux.keys("BTab", "Right", "Right", "Enter", "Enter")
    _ = try tmux.waitFor("2 waiting: o")
    try tmux.keys("o")
    _ = try tmux.waitFor("Operations: 3")
    try tmux.keys("Down", "x")
    _ = try tmux.waitFor("withdrawn")
    try tmux.keys("Down", "x")
    _ = try tmux.waitUntil("the first undone, the last done") {
      $0.contains("cancelled") && $0.contains("withdrawn") && $0.contains("done ")
    }
    try tmux.keys("Escape")
    let images = try directoryEntries(job.images)
    #expect(images.count == 1 && images[0].hasPrefix("sleep-\(pids[2])-"), "\(images)")
    try job.expectPass()
    try tmux.keys("q")
  }

  /// The window changes its size all the time, down to less than crtop needs, while a job is saved and brought back.
  @Test func resizingDuringOperations() throws {
    let tmux = try Tmux(width: 100, height: 30)
    let job = try LargeJob(300, in: tmux)
    try job.show(in: tmux)
    /// At least two rounds of sizes, and until the operation has ended.
    func resize(until end: String) throws {
      var rounds = 0
      _ = try eventually(end, seconds: 60) { () -> Bool? in
        for (width, height) in [(40, 10), (30, 5), (250, 70), (80, 24), (41, 11), (120, 40), (100, 30)] {
          try tmux.resize(width: width, height: height)
        }
        rounds += 1
        return try rounds >= 2 && tmux.screen().contains(end) ? true : nil
      }
      _ = try tmux.waitUntil("a whole screen") {
        $0.contains("COMMAND") && $0.contains("F10 Quit") && $0.contains(end) && $0.contains("Mem[")
      }
    }
    try tmux.keys("D")
    _ = try tmux.waitFor("Check passed")
    try tmux.keys("BTab", "BTab", "Right", "Right", "Enter", "Enter")
    _ = try tmux.waitFor("1 task will be KILLED")
    try tmux.keys("Left", "Enter")
    try resize(until: "done: 1 task, then KILLED")
    try tmux.keys("R")
    _ = try tmux.waitFor("Images: 1")
    try tmux.keys("Enter")
    _ = try tmux.waitFor("Plan passed")
    try tmux.keys("Enter")
    try resize(until: "done: 1 task, took")
    try job.expectPass()
    try tmux.keys("q")
  }

  private func startTime(_ pid: Int32) throws -> Substring {
    let fields = try readText("/proc/\(pid)/stat").split(separator: ")").last?.split(separator: " ") ?? []
    return try #require(fields.count > 19 ? fields[19] : nil)
  }
}
