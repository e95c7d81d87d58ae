/// What cannot be saved or restored exactly is refused beforehand, in words, and the job does not notice.

import CLinux
import Glibc
import SystemCalls
import TestSupport
import Testing

/// A kind of `workloads refused`, and a word that the message must use for the resource.
struct Refusal: CustomTestStringConvertible, Sendable {
  var kind: String
  var words: [String]
  /// Only the checkpoint can see it, when the job stands still.
  var isLate = false
  var testDescription: String { kind }
}

private let commonRefusals = [
  Refusal(kind: "unix-socket", words: ["socket"]), Refusal(kind: "tcp-listener", words: ["socket"]),
  Refusal(kind: "eventfd", words: ["eventfd"]), Refusal(kind: "epoll", words: ["epoll"]),
  Refusal(kind: "timerfd", words: ["timerfd"]), Refusal(kind: "signalfd", words: ["signalfd"]),
  Refusal(kind: "inotify", words: ["inotify"]), Refusal(kind: "memfd", words: ["memfd", "memory file"]),
  Refusal(kind: "deleted-file", words: ["deleted"]), Refusal(kind: "deleted-mapping", words: ["deleted"]),
  Refusal(kind: "deleted-directory", words: ["deleted"]), Refusal(kind: "shared-memory", words: ["shared"]),
  Refusal(kind: "system-v-memory", words: ["System V", "SysV", "SYSV"]), Refusal(kind: "posix-timer", words: ["timer"]),
  Refusal(kind: "message-queue", words: ["message queue", "deleted"]), Refusal(kind: "io-uring", words: ["io_uring"]),
  Refusal(kind: "aio", words: ["aio", "asynchronous"]), Refusal(kind: "seccomp", words: ["seccomp"]),
  Refusal(kind: "namespace", words: ["namespace"]), Refusal(kind: "traced", words: ["trace"]),
  Refusal(kind: "borrowed-memory", words: ["memory", "outside the subtree"]),
  Refusal(kind: "shared-descriptors", words: ["descriptor table"]), Refusal(kind: "outside-pipe", words: ["pipe"]),
  Refusal(kind: "pidfd", words: ["pidfd"]),
  Refusal(kind: "shared-offset", words: ["offset"]), Refusal(kind: "traces-outsider", words: ["trace"]),
  Refusal(kind: "timer-overrun", words: ["timer_getoverrun", "--accept timer-overrun"], isLate: true),
  Refusal(kind: "area-policy", words: ["policy"], isLate: true),
  Refusal(kind: "thread-keyring", words: ["keyring"], isLate: true),
  Refusal(kind: "session-keyring", words: ["keyring"], isLate: true),
  Refusal(kind: "user-dispatch", words: ["dispatch"], isLate: true),
]
private let refusals = commonRefusals + rareRefusals

extension CommandLine {
  @Suite struct Refusals {
    @Test func everyKindIsTried() throws {
      let sandbox = try Sandbox()
      var streams = ChildProcess.Streams()
      streams.output = sandbox["list"]
      try ChildProcess(Programs.workloads, ["--list-refused"], streams: streams).wait()
      let listed = try readText(streams.output).split(separator: "\n").map(String.init)
      #expect(Set(listed) == Set(refusals.map(\.kind)))
    }

    @Test(.timeLimit(.minutes(1)), arguments: refusals)
    func checkpointIsRefused(_ refusal: Refusal) throws {
      let sandbox = try Sandbox()
      var streams = ChildProcess.Streams()
      let outside = try PipeEnds()
      if refusal.kind == "outside-pipe" { streams.inputDescriptor = outside.reader.number }
      guard let job = try Job(refused: refusal.kind, in: sandbox, streams: streams) else { return }
      let before = try job.tasks()

      let check = try sandbox.crtop("check", "\(job.pid)")
      #expect(check.status == .exited(refusal.isLate ? 0 : 1), "\(check.summary)")
      let outcome = try sandbox.crtop("checkpoint", "\(job.pid)", "-o", sandbox["image"], "--kill")
      #expect(outcome.status == .exited(1), "\(outcome.summary)")
      for said in [outcome.errors] + (refusal.isLate ? [] : [check.output + check.errors]) {
        #expect(before.contains { said.contains("\($0.pid)") }, "no task is named: \(said)")
        #expect(said.contains("workloads"), "no program is named: \(said)")
        let lower = said.lowercased()
        #expect(refusal.words.contains { lower.contains($0.lowercased()) }, "the resource is not named: \(said)")
        #expect(lower.contains("remedy"), "no remedy is named: \(said)")
      }
      try expectProblems(try sandbox.crtop("checkpoint", "\(job.pid)", "-o", sandbox["image"], "--json"), tasks: before)

      #expect(!exists(sandbox["image"]))
      let after = try job.tasks()
      #expect(after.map(\.description) == before.map(\.description))
      if refusal.kind != "traced" { #expect(traced(after) == []) }
      try job.expectPass()
    }

    /// What the kernel remembers of a sleep is shown to the privileged only, and so is how often a timer has gone off while
    /// its signal is blocked.
    @Test(
      .timeLimit(.minutes(1)),
      arguments: [
        ("sleeper", "time limit", [], "sleep-time"),
        ("posix-timers", "timer_getoverrun", ["--accept", "sleep-time"], "timer-overrun"),
      ])
    func whatCannotBeSeenIsRefusedUnlessAccepted(
      _ name: String, _ word: String, _ options: [String], _ loss: String
    ) throws {
      let sandbox = try Sandbox()
      let job = try Job(name, in: sandbox)
      let image = sandbox["image"]
      let arguments = ["checkpoint", "\(job.pid)", "-o", image] + options
      let (refused, why) = try withoutKernelMemory(sandbox, arguments)
      #expect(refused == 1 && why.contains(word) && why.contains("--accept \(loss)"), "\(why)")
      #expect(!exists(image))
      let (accepted, errors) = try withoutKernelMemory(sandbox, arguments + ["--accept", loss])
      #expect(accepted == 0, "\(errors)")
      try job.expectPass()
    }

    /// Nor is the timer of a call that a stop would end. Without a time limit there is none.
    @Test(
      .timeLimit(.minutes(1)), .enabled(if: installed("python3"), "python3 is not installed"),
      arguments: [("sigtimedwait({signal.SIGUSR2}, 600)", true), ("sigwaitinfo({signal.SIGUSR2})", false)])
    func waitThatCannotBeSeenIsRefused(_ call: String, _ isRefused: Bool) throws {
      let sandbox = try Sandbox()
      var streams = ChildProcess.Streams()
      streams.output = sandbox["out"]
      let job = try ChildProcess(
        try #require(findProgram("python3")), ["-c", "import signal; signal.\(call)"], streams: streams,
        ownSession: true)
      defer { job.kill(SIGKILL) }
      try waitUntil("the wait") { try readText("/proc/\(job.pid)/syscall").hasPrefix("\(SYS_rt_sigtimedwait) ") }
      let (status, why) = try withoutKernelMemory(sandbox, ["check", "\(job.pid)"])
      #expect((status == 1) == isRefused, "\(why)")
      #expect(why.contains("--accept sleep-time") == isRefused, "\(why)")
    }

    private func withoutKernelMemory(_ sandbox: Sandbox, _ arguments: [String]) throws -> (Int32, String) {
      var streams = ChildProcess.Streams()
      (streams.output, streams.errors) = (sandbox["output"], sandbox["errors"])
      let status = try ChildProcess(
        "/usr/bin/setpriv", ["--bounding-set", "-sys_admin,-bpf,-perfmon", Programs.crtop] + arguments,
        streams: streams, environment: sandbox.environment
      ).wait()
      return (status == .exited(0) ? 0 : 1, try readText(streams.errors) + readText(streams.output))
    }

    /// The keys are gone, as accepted; the job goes on without them.
    @Test(.timeLimit(.minutes(1))) func lostKeysAreAccepted() throws {
      let sandbox = try Sandbox()
      guard let job = try Job(refused: "session-keyring", in: sandbox, streams: .init()) else { return }
      let tasks = try job.checkpointAndKill(to: sandbox["image"], "--accept", "keyrings")
      try job.restart(from: sandbox["image"], expecting: tasks)
      try job.expectPass()
    }

    @Test(
      .timeLimit(.minutes(1)),
      arguments: [
        ("semaphore-undo", "semaphore-adjustments"), ("landlock", "landlock"),
      ])
    func lossIsAccepted(_ kind: String, _ loss: String) throws {
      let sandbox = try Sandbox()
      guard let job = try Job(refused: kind, in: sandbox, streams: .init()) else { return }
      let tasks = try job.checkpointAndKill(to: sandbox["image"], "--accept", loss)
      try job.restart(from: sandbox["image"], expecting: tasks)
      try job.expectPass()
    }

    /// The outsider has the job's session, which cannot be restarted while it lives.
    @Test(.timeLimit(.minutes(1))) func sharedOffsetIsAccepted() throws {
      let sandbox = try Sandbox()
      guard let job = try Job(refused: "shared-offset", in: sandbox, streams: .init()) else { return }
      try sandbox.crtopMust("checkpoint", "\(job.pid)", "-o", sandbox["image"], "--accept", "shared-offsets")
      try job.expectPass()
    }

    @Test(.timeLimit(.minutes(1)), arguments: [[], ["thread"]])
    func strictModeIsSavedWhenItsRiskIsAccepted(_ arguments: [String]) throws {
      let sandbox = try Sandbox()
      let job = try Job("strict", arguments, in: sandbox)
      let tasks = try job.checkpointAndKill(to: sandbox["image"], "--accept", "seccomp-risk")
      try job.restart(from: sandbox["image"], expecting: tasks)
      try job.expectPass()
    }

    /// A call in that thread would end the job if crtop were killed at the wrong moment: no such moment may be.
    @Test(.timeLimit(.minutes(1))) func deadlyFilterIsRefused() throws {
      let sandbox = try Sandbox()
      let job = try Job("deadly-filter", in: sandbox)
      let before = try job.tasks()
      let usual = monotonicMicroseconds()
      let outcome = try sandbox.crtop("checkpoint", "\(job.pid)", "-o", sandbox["image"], "--kill")
      let duration = monotonicMicroseconds() - usual
      #expect(outcome.status == .exited(1))
      #expect(outcome.errors.contains("seccomp") && outcome.errors.contains("Remedy"), "\(outcome.summary)")
      for round in 1...20 {
        let run = try sandbox.startCrtop(["checkpoint", "\(job.pid)", "-o", sandbox["image"], "--kill"])
        pause(microseconds: Int(duration * Int64(round) / 20))
        run.kill(SIGKILL)
        try run.wait()
        try waitUntil("the kernel to let go of the tasks") { traced(try job.tasks()).isEmpty }
        #expect(try job.tasks().map(\.description) == before.map(\.description))
      }
      #expect(!exists(sandbox["image"]))
      try job.expectPass()
    }

    /// All problems of all tasks are said at once, not the first.
    @Test(.timeLimit(.minutes(1))) func allProblemsAreReported() throws {
      let sandbox = try Sandbox()
      let pipe = try PipeEnds()
      var streams = ChildProcess.Streams()
      streams.inputDescriptor = pipe.reader.number
      guard let job = try Job(refused: "eventfd", in: sandbox, streams: streams) else { return }
      let outcome = try sandbox.crtop("check", "\(job.pid)", "--json")
      #expect(outcome.status == .exited(1))
      let said = try outcome.events().compactMap { $0["what"]?.string }.joined(separator: "\n")
      #expect(said.contains("eventfd") && said.contains("pipe"), "\(outcome.summary)")
      try job.expectPass()
    }

    @Test(.timeLimit(.minutes(1))) func takenPidIsRefused() throws {
      let sandbox = try Sandbox()
      let job = try Job("tree", in: sandbox)
      try sandbox.crtopMust("checkpoint", "\(job.pid)", "-o", sandbox["image"])
      let before = try job.tasks()
      let outcome = try sandbox.crtop("restart", sandbox["image"], "--detach")
      #expect(outcome.status == .exited(1))
      #expect(outcome.errors.contains("\(job.pid)") && outcome.errors.contains("workloads"), "\(outcome.summary)")
      #expect(try job.tasks().map(\.description) == before.map(\.description))
      try job.expectPass()
    }

    /// What is missing is named; when it is there again, the restart works.
    @Test(.timeLimit(.minutes(1)), arguments: ["job/data", "program"])
    func missingFileIsRefused(_ name: String) throws {
      let sandbox = try Sandbox()
      try copyFile(Programs.workloads, sandbox["program"])
      let job = try Job("files", in: sandbox, program: sandbox["program"])
      let tasks = try job.checkpointAndKill(to: sandbox["image"])
      try renameFile(sandbox[name], sandbox["elsewhere"])
      try sandbox.expectRestartRefused(sandbox["image"], naming: sandbox[name])
      try renameFile(sandbox["elsewhere"], sandbox[name])
      try job.restart(from: sandbox["image"], expecting: tasks)
      try job.expectPass()
    }

    @Test(.timeLimit(.minutes(1))) func changedFileIsRefusedUnlessAccepted() throws {
      let sandbox = try Sandbox()
      let job = try Job("counter", in: sandbox)
      let tasks = try job.checkpointAndKill(to: sandbox["image"])
      var bytes = try readBytes("\(job.directory)/count")
      bytes += [1, 2, 3]
      try writeFile("\(job.directory)/count", bytes)
      try sandbox.expectRestartRefused(sandbox["image"], naming: "\(job.directory)/count")
      try job.restart(from: sandbox["image"], expecting: tasks, "--accept", "changed-files")
      try job.expectPass()
    }

    @Test(.timeLimit(.minutes(1))) func checkpointThatCannotBeWrittenHurtsNobody() throws {
      let sandbox = try Sandbox()
      let job = try Job("threads", in: sandbox)
      for path in ["/dev/full", sandbox["no/such/directory/image"], sandbox["job"]] {
        let outcome = try sandbox.crtop("checkpoint", "\(job.pid)", "-o", path, "--kill")
        #expect(outcome.status == .exited(1), "\(path): \(outcome.summary)")
        #expect(!outcome.errors.isEmpty)
      }
      #expect(traced(try job.tasks()) == [])
      try job.expectPass()
    }

    private func expectProblems(_ outcome: Outcome, tasks: [TaskView]) throws {
      #expect(outcome.status == .exited(1))
      let events = try outcome.events()
      #expect(events.last?["event"]?.string == "failed", "\(outcome.summary)")
      let problems = events.filter { $0["event"]?.string == "error" }
      #expect(!problems.isEmpty, "no error event: \(outcome.summary)")
      for problem in problems {
        for key in ["comm", "code", "what", "why", "remedy"] {
          #expect(problem[key]?.string?.isEmpty == false, "\(key) is missing in \(problem)")
        }
        let pid = problem["pid"]?.number ?? 0
        #expect(tasks.contains { task in threads(of: task.pid).contains { Int64($0) == pid } }, "\(problem)")
      }
    }
  }
}

extension Sandbox {
  /// Restarts, which must fail with a sentence that contains `name`, and must leave no process.
  func expectRestartRefused(_ image: String, naming name: String, sourceLocation: SourceLocation = #_sourceLocation)
    throws
  {
    let outcome = try crtop("restart", image, "--detach")
    #expect(outcome.status == .exited(1), "\(outcome.summary)", sourceLocation: sourceLocation)
    #expect(outcome.errors.contains(name), "\(name) is not named: \(outcome.summary)", sourceLocation: sourceLocation)
    #expect(try processes() == [], "a process stays behind", sourceLocation: sourceLocation)
  }
}
