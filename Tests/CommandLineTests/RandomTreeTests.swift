/// Trees that a seed describes, through checkpoint and restart: all that /proc shows of each task is as it was.

internal import Glibc
import SystemCalls
import TestSupport
import Testing

/// The same in every run, so that a run says something about a change; CRTOP_TREE_SEED tries another one, CRTOP_TREES as many
/// new ones as it says.
private let seeds: [UInt32] = {
  func number(_ name: String) -> UInt32? { unsafe getenv(name).flatMap { unsafe UInt32(String(cString: $0)) } }
  if let seed = number("CRTOP_TREE_SEED") { return [seed] }
  return number("CRTOP_TREES").map { count in (0..<count).map { _ in UInt32.random(in: 1...UInt32.max) } }
    ?? Array(1...5)
}()

/// What /proc says of a thread that may not change while it sleeps, a line for each fact.
private func facts(ofThread tid: Int32, pid: Int32, isRoot: Bool) throws -> [String] {
  let path = "/proc/\(pid)/task/\(tid)"
  guard let stat = StatLine("\(path)/stat") else { throw TestFailure("thread \(tid) has gone") }
  // Sizes of the memory and counts; and what is not the task's own.
  var changing = ["Vm", "Rss", "HugetlbPages", "FDSize", "SigQ", "voluntary", "nonvoluntary", "PPid"]
  // Nothing can tell any more which signals the dead would have taken.
  if stat.state == "Z" {
    changing += ["SigBlk", "SigIgn", "SigCgt"] + (stat.field(20) == 1 ? ["SigPnd", "ShdPnd"] : [])
  }
  let status = try readText("\(path)/status").split(separator: "\n").filter { line in
    !changing.contains { line.hasPrefix($0) }
  }.map { line in
    // Running or asleep is chance.
    ["R", "D"].contains { line.hasPrefix("State:\t\($0)") } ? "State:\tS (sleeping)" : String(line)
  }
  // The root has another parent, and tells it of its end by SIGCHLD.
  let fields = [5, 6, 7, 8, 18, 19, 20, 40, 41] + (isRoot ? [] : [4, 38]) + (stat.state == "Z" ? [52] : [])
  return (status + fields.map { "field \($0) of stat: \(stat.field($0))" }).map { "thread \(tid): \($0)" }
}

private func facts(of task: TaskView, root: Int32) throws -> [String] {
  let threads = threads(of: task.pid).sorted()
  let children = try threads.flatMap { try readText("/proc/\(task.pid)/task/\($0)/children").split(separator: " ") }
  return try threads.flatMap { try facts(ofThread: $0, pid: task.pid, isRoot: task.pid == root) }
    + ["children of \(task.pid): \(children.compactMap { Int32($0) }.sorted())"]
}

extension CommandLine {
  @Suite struct RandomTrees {
    @Test(.timeLimit(.minutes(3)), arguments: seeds)
    func areExactlyAsTheyWere(_ seed: UInt32) throws {
      let sandbox = try Sandbox()
      let job = try Job("random-tree", ["\(seed)", "60"], in: sandbox)
      let before = try job.tasks().flatMap { try facts(of: $0, root: job.pid) }
      for round in 1...2 {
        let image = sandbox["image-\(round)"]
        try job.restart(from: image, expecting: try job.checkpointAndKill(to: image))
        let after = try job.tasks().flatMap { try facts(of: $0, root: job.pid) }
        #expect(Set(before).subtracting(after).sorted() == [], "of seed \(seed) these are lost")
        #expect(Set(after).subtracting(before).sorted() == [], "of seed \(seed) these are new")
      }
      try job.expectPass()
    }
  }
}
