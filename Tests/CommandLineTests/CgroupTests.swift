/// A restarted job is in the cgroups it was in, or it is said that they are gone.

import Glibc
import SystemCalls
import TestSupport
import Testing

/// A group of a hierarchy that is mounted here, without limits.
private struct Group: ~Copyable {
  let directory: String

  init?() {
    for mount in ["/sys/fs/cgroup/pids", "/sys/fs/cgroup/unified", "/sys/fs/cgroup"] {
      let directory = "\(mount)/crtop-test.\(getpid())"
      guard exists("\(mount)/cgroup.procs"), unsafe mkdir(directory, 0o755) == 0 else { continue }
      self.directory = directory
      return
    }
    return nil
  }

  deinit { unsafe _ = rmdir(directory) }
}

extension CommandLine {
  @Suite struct Cgroups {
    @Test(.timeLimit(.minutes(1)), arguments: [true, false])
    func jobIsPutBack(_ isThere: Bool) throws {
      guard let group = Group() else { return }
      let directory = group.directory
      let sandbox = try Sandbox()
      let job = try Job("tree", ["2", "3"], in: sandbox)
      let tasks = try job.tasks()
      for task in tasks { try writeFile("\(directory)/cgroup.procs", "\(task.pid)") }
      let before = try readText("/proc/\(job.pid)/cgroup")
      #expect(before.contains("crtop-test."))
      try job.checkpointAndKill(to: sandbox["image"])
      if !isThere {
        try waitUntil("the group to be empty") { unsafe rmdir(directory) == 0 }
      }
      let outcome = try sandbox.crtop("restart", sandbox["image"], "--detach")
      #expect(outcome.status == .exited(0), "\(outcome.summary)")
      let now = try job.tasks()
      #expect(now.map(\.description) == tasks.map(\.description))
      for task in now {
        let after = try readText("/proc/\(task.pid)/cgroup")
        #expect((after == before) == isThere, "\(task)")
      }
      #expect(outcome.errors.contains("cannot be joined") == !isThere, "\(outcome.summary)")
      try job.expectPass()
    }
  }
}
