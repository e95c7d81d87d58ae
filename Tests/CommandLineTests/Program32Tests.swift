/// 32-bit programs, through checkpoint and restart: the workload itself says whether it is right.

import FoundationEssentials
import Glibc
import ImageSchema
import SystemCalls
import TestSupport
import Testing

/// The workloads of Tests/Workloads32.
private let workloads32 = ["state", "handler", "threads", "sleeps", "timers", "vdso", "tree"]

extension CommandLine {
  @Suite(.enabled(if: Program32.canRun, "this kernel runs no 32-bit programs")) struct Programs32 {
    /// Without crtop: a workload that fails here says nothing about crtop.
    @Test(.timeLimit(.minutes(1)), arguments: workloads32)
    func workloadIsRightByItself(_ name: String) throws {
      try Job(program32: name, in: try Sandbox()).expectPass()
    }

    @Test(.timeLimit(.minutes(1)), arguments: workloads32)
    func jobGoesOnAfterCheckpoint(_ name: String) throws {
      try Job(program32: name, in: try Sandbox()).goOnAfterCheckpoint()
    }

    @Test(.timeLimit(.minutes(1)), arguments: workloads32)
    func twiceInARow(_ name: String) throws {
      try Job(program32: name, in: try Sandbox()).comeBackTwice()
    }

    @Test(.timeLimit(.minutes(1))) func sleepersSleepWhatWasLeft() throws {
      try Job(program32: "sleeps", in: try Sandbox()).sleepWhatWasLeft()
    }

    @Test(.enabled(if: geteuid() == 0, "needs root"), .timeLimit(.minutes(1)), arguments: workloads32)
    func ofAnOrdinaryUser(_ name: String) throws {
      let sandbox = try Sandbox()
      let job = try Job(program32: name, in: sandbox, user: 65534)
      let tasks = try job.checkpointAndKill(to: sandbox["image"])
      try job.restart(from: sandbox["image"], expecting: tasks)
      #expect(statusField("Uid", pid: job.pid)?.hasPrefix("65534") == true)
      try job.expectPass()
    }

    /// A 64-bit shell over a 32-bit program over a 64-bit shell.
    @Test(.timeLimit(.minutes(1))) func inA64BitTree() throws {
      let sandbox = try Sandbox()
      let program = try Program32.build(in: sandbox)
      try writeFile(sandbox["shell"], "#!/bin/sh\n\(program) \"$@\" &\nwait $!\n", mode: 0o755)
      let job = try Job("tree", in: sandbox, program: sandbox["shell"])
      try job.comeBackTwice()
    }

    /// What the workloads are to see, so that their word counts.
    @Test(.timeLimit(.minutes(1)), arguments: ["state", "sleeps", "tree"])
    func damageIsSeen(_ name: String) throws {
      let sandbox = try Sandbox()
      let job = try Job(program32: name, in: sandbox)
      switch name {
      case "state": kill(job.pid, 34)
      case "sleeps":
        kill(job.pid, SIGSTOP)
        pause(microseconds: 1_300_000)
        kill(job.pid, SIGCONT)
      default: kill(try #require(try job.tasks().last).pid, SIGKILL)
      }
      try writeFile("\(job.directory)/verdict", "")
      let report = try eventually("the verdict") { () -> [String]? in
        let report = job.report
        return report.contains { $0.hasPrefix("FAIL") || $0 == "PASS" } ? report : nil
      }
      #expect(report.contains { $0.hasPrefix("FAIL") }, "\(report)")
    }

    /// Two restarts on a "foreign" kernel in a row, as in OtherMachineTests.
    @Test(.timeLimit(.minutes(1)), arguments: ["vdso", "handler", "threads", "sleeps", "tree"])
    func foreignVDSO(_ name: String) throws {
      let sandbox = try Sandbox()
      let job = try Job(program32: name, in: sandbox)
      for round in 1...2 {
        let tasks = try job.checkpointAndKill(to: sandbox["image"])
        let forged = sandbox["forged-\(round)"]
        try forgeHeader(of: sandbox["image"], to: forged) { header in
          var vdso = [UInt8](header.vdso32)
          try trapFunctions(&vdso, is32Bit: true)
          header.vdso32 = .init(vdso)
          header.kernelRelease = "1.2.3-other"
        }
        try job.restart(from: forged, expecting: tasks)
        removeFile(sandbox["image"])
      }
      try job.expectPass()
    }

    @Test(.timeLimit(.minutes(1)), arguments: [0, 8192])
    func vdsoThatIsNotThere(_ length: Int) throws {
      let sandbox = try Sandbox()
      let job = try Job(program32: "tree", in: sandbox)
      try job.checkpointAndKill(to: sandbox["image"])
      try forgeHeader(of: sandbox["image"], to: sandbox["forged"]) { header in
        header.vdso32 = .init([UInt8](repeating: 0, count: length))
        header.kernelRelease = "1.2.3-other"
      }
      try sandbox.expectRestartRefused(sandbox["forged"], naming: "1.2.3-other")
    }

    /// The setting is one of the pid namespace (memfd_create(2)).
    @Test(.enabled(if: geteuid() == 0, "needs root"), .timeLimit(.minutes(1))) func noProgramsInMemory() throws {
      let sandbox = try Sandbox()
      let job = try Job(program32: "tree", in: sandbox)
      let tasks = try job.checkpointAndKill(to: sandbox["image"])
      var streams = ChildProcess.Streams()
      streams.errors = sandbox["errors"]
      let script = "echo 2 >/proc/sys/vm/memfd_noexec && exec \(Programs.crtop) restart \(sandbox["image"]) --detach"
      let run = try ChildProcess(
        "/usr/bin/unshare", ["--pid", "--fork", "--mount-proc", "sh", "-c", script], streams: streams,
        environment: sandbox.environment)
      #expect(try run.wait() == .exited(1))
      let errors = try readText(streams.errors)
      #expect(errors.contains("program32 (\(job.pid))") && errors.contains("memfd_noexec"), "\(errors)")
      try job.restart(from: sandbox["image"], expecting: tasks)
      try job.expectPass()
    }

    /// Registers of the other mode in an image.
    @Test(.timeLimit(.minutes(1))) func forgedMode() throws {
      let sandbox = try Sandbox()
      let job = try Job(program32: "threads", in: sandbox)
      try job.checkpointAndKill(to: sandbox["image"])
      try sandbox.forge(sandbox["forged"], from: sandbox["image"]) { $0[0].is32Bit = false }
      try sandbox.expectRestartRefused(sandbox["forged"], naming: "registers of thread \(job.pid)")
      removeFile(sandbox["forged"])
      try sandbox.forge(sandbox["forged"], from: sandbox["image"]) { $0[0].threads[1].threadAreas[0].entry = 5 }
      try sandbox.expectRestartRefused(sandbox["forged"], naming: "thread area 5")
    }
  }
}
