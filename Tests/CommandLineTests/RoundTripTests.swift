/// Each kind of state, through checkpoint and restart: the workload itself says whether it is right.

import SystemCalls
import TestSupport
import Testing

/// The workloads that go through a checkpoint and a restart.
let roundTrips = [
  "threads", "join", "robust", "restartable", "registers", "memory", "inherited", "mappings", "stack", "signals",
  "pending", "files", "devices", "locks", "pipes", "directories", "tree", "sessions", "ghosts", "zombies",
  "core-zombie", "deaths", "bereaved", "mourned", "dead-leader", "sharing", "stopped", "identity", "timers",
  "posix-timers", "sleeper", "rest", "continued", "credentials", "limits", "scheduling", "many-threads",
  "counter", "membarrier", "critical-section", "futexes", "names", "guards", "vdso", "mixed", "filters",
  "filters-together",
]

extension CommandLine {
  @Suite struct RoundTrips {
    @Test func everyWorkloadIsTried() throws {
      let sandbox = try Sandbox()
      var streams = ChildProcess.Streams()
      streams.output = sandbox["list"]
      try ChildProcess(Programs.workloads, ["--list"], streams: streams).wait()
      let listed = try readText(streams.output).split(separator: "\n").compactMap { $0.split(separator: " ").first }
      let others = ["churn", "deadly-filter", "large", "random-tree", "vfork", "refused", "strict"]
      #expect(Set(listed.map(String.init)) == Set(roundTrips + others))
    }

    /// Without crtop: a workload that fails here says nothing about crtop.
    @Test(.timeLimit(.minutes(1)), arguments: roundTrips)
    func workloadIsRightByItself(_ name: String) throws {
      try Job(name, in: try Sandbox()).expectPass()
    }

    @Test(.timeLimit(.minutes(1)), arguments: roundTrips)
    func jobGoesOnAfterCheckpoint(_ name: String) throws {
      try Job(name, in: try Sandbox()).goOnAfterCheckpoint()
    }

    @Test(.timeLimit(.minutes(1)), arguments: roundTrips)
    func killedAndRestarted(_ name: String) throws {
      let sandbox = try Sandbox()
      let job = try Job(name, in: sandbox)
      let tasks = try job.checkpointAndKill(to: sandbox["image"])
      try job.restart(from: sandbox["image"], expecting: tasks)
      try job.expectPass()
    }

    @Test(.timeLimit(.minutes(1))) func sleepersSleepWhatWasLeft() throws {
      try Job("rest", in: try Sandbox()).sleepWhatWasLeft()
    }

    /// The kernel adds a tick to a CPU-time timer whenever it is set: that must not add up.
    @Test(.timeLimit(.minutes(1))) func timersDoNotDrift() throws {
      let sandbox = try Sandbox()
      let job = try Job("timers", in: sandbox)
      for round in 1...8 {
        let image = sandbox["image-\(round)"]
        try job.restart(from: image, expecting: try job.checkpointAndKill(to: image))
      }
      try job.expectPass()
    }

    @Test(.timeLimit(.minutes(1)), arguments: roundTrips)
    func twiceInARow(_ name: String) throws {
      try Job(name, in: try Sandbox()).comeBackTwice()
    }
  }
}
