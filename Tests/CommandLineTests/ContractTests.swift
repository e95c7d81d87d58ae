/// What scripts rely on: the JSON events, exit statuses, streams, compression, the image store, freezing.

internal import Glibc
import SystemCalls
import TestSupport
import Testing

private let phases: [String: Set<String>] = [
  "checkpoint": ["stop", "inspect", "collect", "memory", "write", "resume", "kill"],
  "restart": ["verify", "plan", "create", "memory", "restore", "zombie", "commit"],
]

extension CommandLine {
  @Suite struct Contract {
    @Test(.timeLimit(.minutes(1))) func jsonEvents() throws {
      let sandbox = try Sandbox()
      let job = try Job("zombies", in: sandbox)
      let tasks = try job.tasks()
      let image = sandbox["image"]
      let checkpoint = try sandbox.crtopMust("checkpoint", "\(job.pid)", "-o", image, "--kill", "--json")
      try expectEvents(checkpoint, "checkpoint", image: image, tasks: tasks)
      let done = try checkpoint.events().last
      #expect((done?["pause_us"]?.number ?? 0) > 0)
      #expect(done?["bytes"]?.number == Int64(try readBytes(image).count))
      try job.awaitEnd(of: tasks)
      let restart = try sandbox.crtopMust("restart", image, "--detach", "--json")
      try expectEvents(restart, "restart", image: image, tasks: tasks)
      try job.expectPass()
    }

    private func expectEvents(_ outcome: Outcome, _ operation: String, image: String, tasks: [TaskView]) throws {
      let events = try outcome.events()
      let done = try #require(events.last)
      #expect(done["event"]?.string == "done")
      #expect(done["operation"]?.string == operation)
      #expect(done["image"]?.string == image)
      #expect(done["tasks"]?.number == Int64(tasks.count))
      #expect(done["threads"]?.number == Int64(tasks.map(\.threads.count).reduce(0, +)))
      #expect(done["zombies"]?.number == Int64(tasks.filter(\.isZombie).count))
      let elapsed = done["elapsed_us"]?.number ?? 0
      #expect(elapsed > 0 && elapsed < 60_000_000)
      #expect((done["bytes"]?.number ?? 0) > 0)

      var seen: [Int64: Set<String>] = [:]
      for event in events.dropLast() {
        guard event["event"]?.string == "task" else { continue }
        let pid = try #require(event["pid"]?.number)
        let phase = try #require(event["phase"]?.string)
        #expect(event["comm"]?.string?.isEmpty == false)
        let amount = try #require(event["done"]?.number)
        let total = try #require(event["total"]?.number)
        #expect(amount >= 0 && amount <= total, "\(event)")
        #expect(phases[operation]?.contains(phase) == true, "\(phase) is no phase of a \(operation)")
        seen[pid, default: []].insert(phase)
      }
      #expect(Set(seen.keys) == Set(tasks.map { Int64($0.pid) }), "not every task has reported")
    }

    @Test(.timeLimit(.minutes(1))) func listsOfTasks() throws {
      let sandbox = try Sandbox()
      let job = try Job("zombies", in: sandbox)
      let tasks = try job.tasks()
      try sandbox.crtopMust("checkpoint", "\(job.pid)", "-o", sandbox["image"])
      for command in [["ps", "\(job.pid)", "--json"], ["show", sandbox["image"], "--json"]] {
        let outcome = try sandbox.crtop(command)
        #expect(outcome.status == .exited(0), "\(outcome.summary)")
        let listed = try #require(try JSON(outcome.output).array, "\(command[0]) prints no array")
        #expect(Set(listed.compactMap { $0["pid"]?.number }) == Set(tasks.map { Int64($0.pid) }), "\(command[0])")
        for task in tasks {
          let entry = try #require(listed.first { $0["pid"]?.number == Int64(task.pid) })
          #expect(entry["comm"]?.string == task.comm)
          #expect(entry["pgid"]?.number == Int64(task.group))
          #expect(entry["sid"]?.number == Int64(task.session))
          if task.pid != job.pid { #expect(entry["ppid"]?.number == Int64(task.parent)) }
          #expect(entry["state"] != nil && entry["threads"] != nil)
          if task.isZombie { #expect(entry["exit_code"]?.number == Int64(task.exitCode), "\(command[0]) \(task)") }
        }
      }
      try job.expectPass()
    }

    /// Everything with --json is JSON, also failures, and nothing else is on standard output.
    @Test(.timeLimit(.minutes(1))) func otherCommands() throws {
      let sandbox = try Sandbox()
      let job = try Job("counter", in: sandbox)
      #expect(try sandbox.crtopMust("check", "\(job.pid)").status == .exited(0))
      try sandbox.crtopMust("checkpoint", "\(job.pid)")
      let images = try sandbox.crtopMust("images", "--json")
      for line in images.output.split(separator: "\n") { _ = try JSON(line) }
      #expect(images.output.contains(sandbox["images"]), "the image is not in the store: \(images.summary)")
      for line in try sandbox.crtopMust("doctor", "--json").output.split(separator: "\n") { _ = try JSON(line) }
      let stored = try directoryEntries(sandbox["images"])
      let name = try #require(stored.first)
      #expect(stored.count == 1, "besides the image there is: \(stored)")
      try sandbox.crtopMust("delete", "\(sandbox["images"])/\(name)")
      #expect(try directoryEntries(sandbox["images"]) == [])
      let failed = try sandbox.crtop("restart", sandbox["none"], "--json")
      #expect(failed.status == .exited(1))
      #expect(try failed.events().last?["event"]?.string == "failed")
      try job.expectPass()
    }

    @Test(.timeLimit(.minutes(1)), arguments: ["none", "lz4", "zstd"])
    func compression(_ method: String) throws {
      let sandbox = try Sandbox()
      let job = try Job("memory", in: sandbox)
      let tasks = try job.checkpointAndKill(to: sandbox["image"], "--compress", method)
      try sandbox.crtopMust("verify", sandbox["image"])
      try job.restart(from: sandbox["image"], expecting: tasks)
      try job.expectPass()
    }

    /// The image may be moved: a copy is as good.
    @Test(.timeLimit(.minutes(1))) func copyOfTheImage() throws {
      let sandbox = try Sandbox()
      let job = try Job("pipes", in: sandbox)
      let tasks = try job.checkpointAndKill(to: sandbox["image"])
      try copyFile(sandbox["image"], sandbox["copy"])
      removeFile(sandbox["image"])
      try job.restart(from: sandbox["copy"], expecting: tasks)
      try job.expectPass()
    }

    /// An image can go through a pipe, without ever being a file.
    @Test(.timeLimit(.minutes(1))) func streamToStream() throws {
      let sandbox = try Sandbox()
      let job = try Job("threads", in: sandbox)
      let tasks = try job.tasks()
      let (checkpoint, cat) = try startStream(sandbox, job)
      #expect(try checkpoint.wait() == .exited(0), "\((try? readText(sandbox["errors"])) ?? "")")
      #expect(try cat.wait() == .exited(0))
      try job.awaitEnd(of: tasks)

      let pipe = try PipeEnds()
      var streams = ChildProcess.Streams()
      streams.input = sandbox["stream"]
      streams.outputDescriptor = pipe.writer.number
      let feeder = try ChildProcess("/bin/cat", [], streams: streams)
      streams = ChildProcess.Streams()
      streams.inputDescriptor = pipe.reader.number
      streams.errors = sandbox["errors"]
      let restart = try sandbox.startCrtop(["restart", "-", "--detach"], streams: streams)
      try closeWriting(pipe)
      #expect(try restart.wait() == .exited(0), "\((try? readText(sandbox["errors"])) ?? "")")
      #expect(try feeder.wait() == .exited(0))
      #expect(try job.tasks().map(\.description) == tasks.map(\.description))
      try job.expectPass()
    }

    private func startStream(_ sandbox: Sandbox, _ job: Job) throws -> (ChildProcess, ChildProcess) {
      let pipe = try PipeEnds()
      var streams = ChildProcess.Streams()
      streams.outputDescriptor = pipe.writer.number
      streams.errors = sandbox["errors"]
      let checkpoint = try sandbox.startCrtop(["checkpoint", "\(job.pid)", "-o", "-", "--kill"], streams: streams)
      streams = ChildProcess.Streams()
      streams.inputDescriptor = pipe.reader.number
      streams.output = sandbox["stream"]
      return (checkpoint, try ChildProcess("/bin/cat", [], streams: streams))
    }

    private func closeWriting(_ pipe: consuming PipeEnds) throws {}

    /// In the foreground crtop stands for the root task: it ends when that ends, with its status.
    @Test(.timeLimit(.minutes(1)), arguments: [true, false])
    func foreground(_ ownSession: Bool) throws {
      let sandbox = try Sandbox()
      // A signal interrupts the shell's wait(2), not its read.
      let script = "trap 'kill $!; exit 37' USR1; sleep 1000 & echo ready; wait"
      var streams = ChildProcess.Streams()
      streams.output = sandbox["out"]
      let shell = try ChildProcess(
        "/bin/bash", ["-c", script], streams: streams, environment: sandbox.environment, ownSession: ownSession)
      try waitUntil("the shell to be ready") { (try? readText(sandbox["out"])) == "ready\n" }
      try sandbox.crtopMust("checkpoint", "\(shell.pid)", "-o", sandbox["image"], "--kill")
      try sandbox.remember(image: sandbox["image"])
      #expect(try shell.wait() == .killed(SIGKILL))
      try sandbox.awaitEnd()

      streams = ChildProcess.Streams()
      streams.errors = sandbox["errors"]
      let restart = try sandbox.startCrtop(["restart", sandbox["image"]], streams: streams)
      try waitUntil("the root to be back") {
        if let status = try restart.poll() { throw TestFailure("\(status): \(try readText(sandbox["errors"]))") }
        return try isTaken(shell.pid) && traced(subtree(shell.pid)).isEmpty
      }
      #expect(statusField("PPid", pid: shell.pid) == "\(restart.pid)")
      kill(shell.pid, SIGUSR1)
      let status = try restart.wait()
      let errors = try readText(sandbox["errors"])
      #expect(status == .exited(37), "\(errors)")
    }

    /// In a container that was entered from its host, the kernel says 0 for the session and group of what was started.
    @Test(.timeLimit(.minutes(1))) func leadersOutsideThePidNamespace() throws {
      let sandbox = try Sandbox()
      try makeDirectory(sandbox["job"])
      let script = """
        set -e
        "$0" counter \(sandbox["job"]) >/dev/null 2>&1 &
        read -r ready
        cut -d " " -f 5,6 /proc/$!/stat
        "$1" checkpoint $! -o \(sandbox["image"]) --kill
        wait $! || true
        "$1" restart \(sandbox["image"]) --detach
        : >\(sandbox["job/verdict"])
        read -r verdict
        grep -E "PASS|FAIL" \(sandbox["job/out"])
        """
      var streams = ChildProcess.Streams()
      streams.output = sandbox["output"]
      streams.errors = sandbox["errors"]
      let container = try SteppedScript(
        "/usr/bin/unshare",
        [
          "--fork", "--pid", "--mount-proc", "--kill-child", "/bin/bash", "-c", script, Programs.workloads,
          Programs.crtop,
        ],
        streams: streams, environment: sandbox.environment)
      try container.goOn(after: "the job to be ready") { (try? readText(sandbox["job/out"])) == "ready\n" }
      try container.goOn(after: "the verdict") {
        let report = (try? readText(sandbox["job/out"])) ?? ""
        return report.contains("PASS") || report.contains("FAIL")
      }
      let status = try container.process.wait()
      let errors = try readText(sandbox["errors"])
      #expect(status == .exited(0), "\(errors)")
      let output = try readText(sandbox["output"])
      #expect(output.hasPrefix("0 0\n") && output.hasSuffix("PASS\n"), "\(output)")
    }

    @Test(.timeLimit(.minutes(1))) func leftFrozenThenThawed() throws {
      let sandbox = try Sandbox()
      let job = try Job("counter", in: sandbox)
      try sandbox.crtopMust("checkpoint", "\(job.pid)", "-o", sandbox["image"], "--leave-frozen")
      let first = try readBytes("\(job.directory)/count")
      // In the time in which another of its kind counts on.
      let other = try Job("counter", in: try Sandbox())
      for _ in 0..<3 {
        let before = try readBytes("\(other.directory)/count")
        try waitUntil("the other job to count on") { try readBytes("\(other.directory)/count") != before }
      }
      try other.expectPass()
      #expect(try readBytes("\(job.directory)/count") == first, "a frozen job counts on")
      try sandbox.crtopMust("thaw", "\(job.pid)")
      try waitUntil("the job to count on") { try readBytes("\(job.directory)/count") != first }
      try job.expectPass()
    }

    @Test(.timeLimit(.minutes(1))) func frozenJobIsCheckpointed() throws {
      let sandbox = try Sandbox()
      let job = try Job("threads", in: sandbox)
      let tasks = try job.tasks()
      try sandbox.crtopMust("freeze", "\(job.pid)")
      try sandbox.crtopMust("checkpoint", "\(job.pid)", "-o", sandbox["image"])
      try sandbox.crtopMust("thaw", "\(job.pid)")
      #expect(try job.tasks().map(\.description) == tasks.map(\.description))
      try sandbox.crtopMust("verify", sandbox["image"])
      try job.expectPass()
    }
  }
}
