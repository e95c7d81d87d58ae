/// `crtop restart --dry-run` names every obstacle before anything is made, and makes nothing.

import Glibc
import SystemCalls
import TestSupport
import Testing

extension CommandLine {
  @Suite(.enabled(if: geteuid() == 0, "needs root")) struct Plan {
    @Test(.timeLimit(.minutes(1))) func obstaclesAndThenNone() throws {
      let sandbox = try Sandbox()
      let job = try Job("files", in: sandbox)
      let image = sandbox["image"]
      try sandbox.crtopMust("checkpoint", "\(job.pid)", "-o", image)
      // The job runs on and has its pids.
      let taken = try sandbox.crtop("restart", image, "--dry-run")
      #expect(taken.status == .exited(1), "\(taken.summary)")
      #expect(taken.errors.contains("pid \(job.pid)") && taken.errors.contains("the very job, which runs on"))
      #expect(try sandbox.crtop("restart", image, "--dry-run", "--json").output.contains("\"code\":\"EEXIST\""))
      try sandbox.crtopMust("restart", image, "--dry-run", "--new-pid-namespace")
      try job.checkpointAndKill(to: image)
      let free = try sandbox.crtopMust("restart", image, "--dry-run", "--json")
      let done = try #require(try free.events().last)
      #expect(done["event"]?.string == "done" && done["operation"]?.string == "plan")
      #expect(done["root"]?.number == Int64(job.pid))
      #expect(try sandbox.processes() == [], "a process was made")
      #expect(!isTaken(job.pid))
    }

    @Test(.timeLimit(.minutes(1))) func aChangedFileIsNamedAndCanBeAccepted() throws {
      let sandbox = try Sandbox()
      let job = try Job("counter", in: sandbox)
      let image = sandbox["image"]
      try job.checkpointAndKill(to: image)
      try writeFile(sandbox["job/count"], "another size")
      let changed = try sandbox.crtop("restart", image, "--dry-run")
      #expect(changed.status == .exited(1), "\(changed.summary)")
      #expect(changed.errors.contains("its size was 16 and is 12") && changed.errors.contains("--accept changed-files"))
      let accepted = try sandbox.crtop("restart", image, "--dry-run", "--accept", "changed-files")
      #expect(accepted.status == .exited(0), "\(accepted.summary)")
      #expect(accepted.output.contains("The restart can begin"))
    }

    @Test(.timeLimit(.minutes(1))) func aBadImageIsRefused() throws {
      let sandbox = try Sandbox()
      try writeFile(sandbox["bad"], "no image", mode: 0o600)
      let outcome = try sandbox.crtop("restart", sandbox["bad"], "--dry-run")
      #expect(outcome.status == .exited(1) && outcome.errors.contains("image"), "\(outcome.summary)")
    }
  }
}
