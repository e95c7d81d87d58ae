/// crtop is killed at random moments. The job comes first: it must be alive and right each time.

internal import Glibc
import SystemCalls
import TestSupport
import Testing

/// How many times; CRTOP_KILL_ROUNDS sets another number.
private let rounds = unsafe getenv("CRTOP_KILL_ROUNDS").flatMap { unsafe Int(String(cString: $0)) } ?? 60

extension CommandLine {
  @Suite struct Kills {
    @Test(.timeLimit(.minutes(5)), arguments: ["threads", "filters"])
    func duringCheckpoint(_ workload: String) throws {
      let sandbox = try Sandbox()
      let job = try Job(workload, in: sandbox)
      #expect(try Footprint(of: job.pid).vdso == (try Footprint.pristineVDSO()))
      try killCheckpoints(of: job, in: sandbox)
    }

    /// The code that heals a thread has to find its way back into 32-bit code.
    @Test(.enabled(if: Program32.canRun, "this kernel runs no 32-bit programs"), .timeLimit(.minutes(5)))
    func duringCheckpointOf32BitProgram() throws {
      let sandbox = try Sandbox()
      try killCheckpoints(of: try Job(program32: "threads", in: sandbox), in: sandbox)
    }

    private func killCheckpoints(of job: Job, in sandbox: Sandbox) throws {
      let image = sandbox["image"]
      let before = try Footprint(of: job.pid)
      let tasks = try job.tasks()
      let usual = try duration(sandbox, ["checkpoint", "\(job.pid)", "-o", image])
      removeFile(image)

      var generator = SystemRandomNumberGenerator()
      for round in 1...rounds {
        let moment = Int.random(in: 0...Int(usual + usual / 10), using: &generator)
        let run = try sandbox.startCrtop(["checkpoint", "\(job.pid)", "-o", image])
        pause(microseconds: moment)
        run.kill(SIGKILL)
        try run.wait()
        let what = "round \(round), killed after \(moment) us of \(usual)"
        try expectAlive(job, tasks, what)
        if exists(image) {
          let verify = try sandbox.crtop("verify", image)
          #expect(verify.status == .exited(0), "\(what): an image that is none: \(verify.summary)")
          removeFile(image)
        }
      }

      try sandbox.crtopMust("checkpoint", "\(job.pid)", "-o", image)
      try expectAlive(job, tasks, "after the last run")
      let after = try Footprint(of: job.pid)
      #expect(after.vdso == before.vdso, "something is left in the vDSO")
      #expect(after.signals == before.signals)
      #expect(after.descriptors == before.descriptors)
      #expect(after.maps == before.maps)
      #expect(try sandbox.processes() == [job.pid], "a process stays behind")
      let restarted = try job.checkpointAndKill(to: image)
      try job.restart(from: image, expecting: restarted)
      try job.expectPass()
    }

    /// Killed with it goes everything that was half restored; or the job was committed already, and runs.
    @Test(.timeLimit(.minutes(5))) func duringRestart() throws {
      let sandbox = try Sandbox()
      try killRestarts(of: try Job("tree", in: sandbox), in: sandbox)
    }

    @Test(.enabled(if: Program32.canRun, "this kernel runs no 32-bit programs"), .timeLimit(.minutes(5)))
    func duringRestartOf32BitProgram() throws {
      let sandbox = try Sandbox()
      try killRestarts(of: try Job(program32: "tree", in: sandbox), in: sandbox)
    }

    private func killRestarts(of job: Job, in sandbox: Sandbox) throws {
      let image = sandbox["image"]
      var tasks = try job.checkpointAndKill(to: image)
      let usual = try duration(sandbox, ["restart", image, "--detach"])
      tasks = try job.checkpointAndKill(to: image)

      var generator = SystemRandomNumberGenerator()
      for round in 1...max(rounds / 3, 1) {
        let moment = Int.random(in: 0...Int(usual + usual / 10), using: &generator)
        let run = try sandbox.startCrtop(["restart", image, "--detach"])
        pause(microseconds: moment)
        run.kill(SIGKILL)
        try run.wait()
        let what = "round \(round), killed after \(moment) us of \(usual)"
        let committed = try eventually("\(what): all tasks or none") { () -> Bool? in
          let left = try sandbox.processes()
          let taken = tasks.filter { isTaken($0.pid) }
          if left.isEmpty && taken.isEmpty { return false }
          let now = try job.tasks()
          return now.map(\.description) == tasks.map(\.description) && traced(now).isEmpty ? true : nil
        }
        if committed { tasks = try job.checkpointAndKill(to: image) }
      }
      try job.restart(from: image, expecting: tasks)
      try job.expectPass()
    }

    /// Signals that ask crtop to end: it puts the job back and ends.
    @Test(.timeLimit(.minutes(1)), arguments: [SIGINT, SIGTERM, SIGHUP])
    func askedToEnd(_ signal: Int32) throws {
      let sandbox = try Sandbox()
      let job = try Job("threads", in: sandbox)
      let tasks = try job.tasks()
      let usual = try duration(sandbox, ["checkpoint", "\(job.pid)", "-o", sandbox["image"]])
      for part in 1...6 {
        let run = try sandbox.startCrtop(["checkpoint", "\(job.pid)", "-o", sandbox["other"]])
        pause(microseconds: Int(usual * Int64(part) / 6))
        run.kill(signal)
        try run.wait(seconds: 10)
        try expectAlive(job, tasks, "part \(part)")
      }
      try job.expectPass()
    }

    private func duration(_ sandbox: Sandbox, _ arguments: [String]) throws -> Int64 {
      let start = monotonicMicroseconds()
      let outcome = try sandbox.crtop(arguments)
      guard outcome.status == .exited(0) else { throw TestFailure("\(arguments): \(outcome.summary)") }
      return monotonicMicroseconds() - start
    }

    /// Nobody traces the job, it is as it was, and every thread has been running since.
    private func expectAlive(_ job: Job, _ tasks: [TaskView], _ what: String) throws {
      let now = try job.tasks()
      guard now.map(\.description) == tasks.map(\.description) else {
        throw TestFailure("\(what): is \(now), was \(tasks)")
      }
      try waitUntil("\(what): the kernel to let go of the tasks") { traced(now).isEmpty }
      let start = threads(of: job.pid).map { ($0, switches(job.pid, $0)) }
      try waitUntil("\(what): every thread to run on", seconds: 10) {
        start.allSatisfy { tid, count in switches(job.pid, tid) > count }
      }
      guard !job.report.contains(where: { $0.hasPrefix("FAIL") }) else { throw TestFailure("\(what): \(job.report)") }
    }

    private func switches(_ pid: Int32, _ tid: Int32) -> Int {
      Int(statusField("voluntary_ctxt_switches", pid: pid, tid: tid) ?? "") ?? 0
    }
  }
}
