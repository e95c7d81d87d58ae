/// Images that are sound as files, and whose tasks could not have been: refused before any process exists, naming the task,
/// the field and the value. And one whose restart fails late: nothing is left of it.

import ImageSchema
import SystemCalls
import TestSupport
import Testing

/// A change to an image of a parent and its zombies, and what the refusal must say besides the task.
private struct Forgery: CustomTestStringConvertible, Sendable {
  var testDescription: String
  /// Whether the zombie or its parent is changed.
  var ofZombie = true
  var words: [String]
  var change: @Sendable (inout ImageProcess) -> Void
}

private let forgeries = [
  Forgery(testDescription: "exit code beyond 16 bits", words: ["exit_code 65536", "0x10000"]) { $0.exitCode = 0x10000 },
  Forgery(testDescription: "exit status and signal", words: ["exit_code 265", "a signal"]) { $0.exitCode = 0x109 },
  Forgery(testDescription: "signal 65", words: ["exit_code 65", "signal 65"]) { $0.exitCode = 65 },
  Forgery(testDescription: "signal 127", words: ["exit_code 127", "signal 127"]) { $0.exitCode = 0x7f },
  Forgery(testDescription: "a signal that stops", words: ["exit_code 19", "signal 19"]) { $0.exitCode = 19 },
  Forgery(testDescription: "a signal that does nothing", words: ["exit_code 17", "signal 17"]) { $0.exitCode = 17 },
  Forgery(testDescription: "core flag alone", words: ["exit_code 128"]) { $0.exitCode = 0x80 },
  Forgery(testDescription: "core flag of SIGKILL", words: ["exit_code 137", "dumps no core"]) { $0.exitCode = 0x89 },
  Forgery(testDescription: "exit signal 65", words: ["exit_signal 65"]) { $0.exitSignal = 65 },
  Forgery(testDescription: "exit signal -1", words: ["exit_signal 4294967295"]) { $0.exitSignal = .max },
  Forgery(testDescription: "a zombie with threads", words: ["dead_leader"]) { $0.deadLeader = true },
  Forgery(testDescription: "a living task with an exit code", ofZombie: false, words: ["exit_code 256", "living task"])
  {
    $0.exitCode = 256
  },
  Forgery(testDescription: "exit signal of a living task", ofZombie: false, words: ["exit_signal 99"]) {
    $0.exitSignal = 99
  },
  Forgery(testDescription: "parent-death signal 65", ofZombie: false, words: ["pdeath_signal 65"]) {
    $0.threads[0].parentDeathSignal = 65
  },
  Forgery(
    testDescription: "what is left of a wait, of a thread in none", ofZombie: false, words: ["no call that waits"]
  ) { $0.threads[0].waitRestNs = 5 },
  Forgery(testDescription: "a dead leader without threads", ofZombie: false, words: ["dead_leader"]) {
    ($0.deadLeader, $0.threads) = (true, [])
  },
  Forgery(testDescription: "a dead leader that was killed", ofZombie: false, words: ["exit_code 9", "exit(2)"]) {
    ($0.deadLeader, $0.exitCode) = (true, 9)
  },
  Forgery(
    testDescription: "memory of a task that is not there", ofZombie: false, words: ["shared_tables", "memory of 4"]
  ) { $0.sharedTables.memory = 4 },
  Forgery(testDescription: "signal actions without memory", ofZombie: false, words: ["shared_tables"]) {
    $0.sharedTables.signalActions = $0.ppid
  },
]

extension CommandLine {
  @Suite struct ForgedTasks {
    /// The image of a job that has been killed, so that a restart by mistake would succeed; the job's pid.
    private func image(_ sandbox: Sandbox) throws -> (path: String, pid: Int32) {
      let job = try Job("zombies", ["4"], in: sandbox)
      try job.checkpointAndKill(to: sandbox["image"])
      return (sandbox["image"], job.pid)
    }

    @Test(.timeLimit(.minutes(2))) func areRefusedByNameFieldAndValue() throws {
      let sandbox = try Sandbox()
      let source = try image(sandbox).path
      let before = try readBytes(source)
      for forgery in forgeries {
        var name = ""
        removeFile(sandbox["forged"])
        try sandbox.forge(sandbox["forged"], from: source) { processes in
          // The parent is the mourner, a child of the root with zombies of its own.
          let parent = try #require(processes.firstIndex { $0.state != .zombie && $0.ppid != 0 })
          let zombie = try #require(processes.firstIndex { $0.state == .zombie && $0.ppid == processes[parent].pid })
          let index = forgery.ofZombie ? zombie : parent
          forgery.change(&processes[index])
          name = "\(processes[index].comm) (\(processes[index].pid))"
        }
        let outcome = try sandbox.crtop("restart", sandbox["forged"], "--detach")
        #expect(outcome.status == .exited(1), "\(forgery.testDescription): \(outcome.summary)")
        for word in forgery.words + [name] {
          #expect(outcome.errors.contains(word), "\(forgery.testDescription): '\(word)' is not in \(outcome.summary)")
        }
        #expect(try sandbox.processes() == [], "\(forgery.testDescription): a process stays behind")
      }
      #expect(try readBytes(source) == before)
    }

    /// One task of many fails when all exist: all are ended, the error names the task and the step, the image is as it was.
    @Test(.timeLimit(.minutes(1))) func oneFailureEndsAll() throws {
      let sandbox = try Sandbox()
      let (source, root) = try image(sandbox)
      var failing: Int32 = 0
      var pids: [Int32] = []
      try sandbox.forge(sandbox["forged"], from: source) { processes in
        let parent = try #require(processes.firstIndex { $0.state != .zombie && $0.ppid != 0 })
        processes[parent].addressSpace.argStart = .max  // no user address: PR_SET_MM_MAP gives EINVAL
        failing = processes[parent].pid
        pids = processes.map(\.pid)
      }
      let before = try readBytes(sandbox["forged"])
      let outcome = try sandbox.crtop("restart", sandbox["forged"], "--detach")
      #expect(outcome.status == .exited(1), "\(outcome.summary)")
      #expect(outcome.errors.contains("(\(failing))") && outcome.errors.contains("PR_SET_MM_MAP"), "\(outcome.summary)")
      #expect(pids.contains(root) && pids.count > 6)
      try waitUntil("all tasks of the failed restart to be gone") { pids.allSatisfy { !isTaken($0) } }
      #expect(try readBytes(sandbox["forged"]) == before)
    }
  }
}
