/// Jobs that a freezer holds: saved as a whole, or refused where only a part is frozen. Zombies are exempt.

import CLinux
import Glibc
import SystemCalls
import TestSupport
import Testing

private let mount = FreezerGroup.usable.first { $0.version == 1 }

extension CommandLine {
  @Suite(.enabled(if: mount != nil, "needs a freezer cgroup that can be written")) struct FrozenJobs {
    private func group(_ name: String, _ job: Job) throws -> FreezerGroup {
      try FreezerGroup(try #require(mount), named: "crtop-test-\(name)-\(job.pid)-\(getpid())")
    }

    private func expectBusy(_ job: Job, _ words: String...) throws {
      for command in [["check", "\(job.pid)"], ["checkpoint", "\(job.pid)", "-o", job.sandbox["image"], "--kill"]] {
        let outcome = try job.sandbox.crtop(command)
        #expect(outcome.status == .exited(1), "\(outcome.summary)")
        for word in words + ["EBUSY"] {
          #expect((outcome.output + outcome.errors).contains(word), "'\(word)' is not in \(outcome.summary)")
        }
      }
      #expect(!exists(job.sandbox["image"]))
    }

    @Test(.timeLimit(.minutes(1))) func partOfJobIsRefused() throws {
      let sandbox = try Sandbox()
      let job = try Job("tree", ["3", "8"], in: sandbox)
      let group = try group("part", job)
      let last = try #require(try job.tasks().last)
      try group.add(last.pid)
      try group.freeze(true)
      try expectBusy(job, "workloads (\(job.pid))", "unfrozen or wrong cgroup")
      try group.add(job.pid)
      try waitUntil("both to be frozen") { group.state == "FROZEN" }
      try expectBusy(job, "unfrozen or wrong cgroup")
      try group.freeze(false)
      try job.expectPass()
    }

    @Test(.timeLimit(.minutes(1))) func groupWithOthersIsRefused() throws {
      let sandbox = try Sandbox()
      let job = try Job("tree", ["2", "4"], in: sandbox)
      let stranger = try ChildProcess("/bin/sleep", ["1000"], environment: sandbox.environment)
      let group = try group("others", job)
      for task in try job.tasks() { try group.add(task.pid) }
      try group.add(stranger.pid)
      try group.freeze(true)
      try expectBusy(job, "(\(stranger.pid))")
      try group.freeze(false)
      stranger.kill(SIGKILL)
      try job.expectPass()
    }

    /// Zombies are in no freezer's hands. What is frozen stays frozen, and runs nothing of its own meanwhile.
    @Test(.timeLimit(.minutes(1))) func wholeJobIsSavedAndStaysFrozen() throws {
      let sandbox = try Sandbox()
      let job = try Job("zombies", ["6"], in: sandbox)
      let group = try group("whole", job)
      for task in try job.tasks() where !task.isZombie { try group.add(task.pid) }
      try group.freeze(true)
      try waitUntil("the job to be frozen") { group.state == "FROZEN" }
      try sandbox.crtopMust("checkpoint", "\(job.pid)", "-o", sandbox["image"])
      try waitUntil("the job to be frozen again") { group.state == "FROZEN" }
      #expect(traced(try job.tasks()) == [])
      try sandbox.crtopMust("verify", sandbox["image"])
      try group.freeze(false)
      try job.expectPass()
    }
  }
}
