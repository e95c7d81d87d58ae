/// Zombies in jobs that do not hold still, and roots that are zombies.

import SystemCalls
import TestSupport
import Testing

extension CommandLine {
  @Suite struct ZombieJobs {
    /// Zombies appear and are reaped all the time: each checkpoint is a whole one, and the job misses nobody.
    @Test(.timeLimit(.minutes(2))) func comeAndGoDuringCheckpoints() throws {
      let sandbox = try Sandbox()
      let job = try Job("churn", in: sandbox)
      for _ in 1...12 {
        let image = sandbox["image"]
        removeFile(image)
        try sandbox.crtopMust("checkpoint", "\(job.pid)", "-o", image)
        try sandbox.crtopMust("verify", image)
        let tasks = try JSON(try sandbox.crtopMust("show", image, "--json").output).array ?? []
        #expect(tasks.first?["pid"]?.number == Int64(job.pid))
        for task in tasks.dropFirst() { #expect(task["ppid"]?.number == Int64(job.pid)) }
      }
      for round in 1...3 {
        let image = sandbox["last-\(round)"]
        try sandbox.crtopMust("checkpoint", "\(job.pid)", "-o", image, "--kill")
        try sandbox.remember(image: image)
        try job.awaitEnd(of: [])
        try sandbox.awaitEnd()
        try sandbox.crtopMust("restart", image, "--detach")
      }
      try job.expectPass()
    }

    @Test(.timeLimit(.minutes(1))) func rootIsRefused() throws {
      let sandbox = try Sandbox()
      let child = try ChildProcess("/bin/true", [], environment: sandbox.environment)
      try waitUntil("the child to be a zombie") { StatLine("/proc/\(child.pid)/stat")?.state == "Z" }
      let outcome = try sandbox.crtop("checkpoint", "\(child.pid)", "-o", sandbox["image"])
      #expect(outcome.status == .exited(1), "\(outcome.summary)")
      #expect(outcome.errors.contains("true (\(child.pid))") && outcome.errors.contains("zombie"), "\(outcome.summary)")
      #expect(!exists(sandbox["image"]))
      #expect(try child.wait() == .exited(0))
    }

    /// A parent in vfork(2) cannot stop: the checkpoint waits for its child.
    @Test(.timeLimit(.minutes(1))) func vforkIsWaitedFor() throws {
      let sandbox = try Sandbox()
      let job = try Job("vfork", in: sandbox)
      for _ in 1...4 {
        removeFile(sandbox["image"])
        try sandbox.crtopMust("checkpoint", "\(job.pid)", "-o", sandbox["image"])
      }
      try sandbox.crtopMust("checkpoint", "\(job.pid)", "-o", sandbox["last"], "--kill")
      try sandbox.remember(image: sandbox["last"])
      try job.awaitEnd(of: [])
      try sandbox.awaitEnd()
      try sandbox.crtopMust("restart", sandbox["last"], "--detach")
      try job.expectPass()
    }

    /// But not for ever.
    @Test(.timeLimit(.minutes(2))) func lastingVforkIsRefused() throws {
      let sandbox = try Sandbox()
      let job = try Job("vfork", ["lasting"], in: sandbox)
      let child = try eventually("the child") { try job.tasks().first { $0.pid != job.pid }?.pid }
      let outcome = try sandbox.crtop("checkpoint", "\(job.pid)", "-o", sandbox["image"], "--kill")
      #expect(outcome.status == .exited(1), "\(outcome.summary)")
      for word in ["workloads (\(job.pid))", "vfork(2)", "\(child)"] {
        #expect(outcome.errors.contains(word), "'\(word)' is not in \(outcome.summary)")
      }
      #expect(!exists(sandbox["image"]))
      #expect(traced(try job.tasks()) == [])
      try job.expectPass()
    }
  }
}
