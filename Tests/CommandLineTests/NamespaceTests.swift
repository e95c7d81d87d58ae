/// Pids that are taken: every holder is named; and jobs that have their pids in a namespace of their own.

import CLinux
import Glibc
import SystemCalls
import TestSupport
import Testing

extension CommandLine {
  @Suite struct PidNamespaces {
    /// All tasks, and sessions and groups that have outlived their leaders, each with who has it.
    @Test(.timeLimit(.minutes(1))) func everyHolderIsNamed() throws {
      let sandbox = try Sandbox()
      let job = try Job("ghosts", in: sandbox)
      try sandbox.crtopMust("checkpoint", "\(job.pid)", "-o", sandbox["image"])
      let tasks = try job.tasks()
      let outcome = try sandbox.crtop("restart", sandbox["image"], "--detach")
      #expect(outcome.status == .exited(1))
      for task in tasks {
        #expect(outcome.errors.contains("pid \(task.pid): it is taken by workloads (\(task.pid)) of user "))
      }
      let pids = Set(tasks.map(\.pid))
      let sessions = Set(tasks.map(\.session)).subtracting(pids)
      let groups = Set(tasks.map(\.group)).subtracting(pids).subtracting(sessions)
      #expect(!sessions.isEmpty && !groups.isEmpty)
      for session in sessions {
        #expect(outcome.errors.contains("session \(session), whose leader is gone: it is taken"))
      }
      for group in groups {
        #expect(outcome.errors.contains("process group \(group), whose leader is gone: it is taken"))
      }
      #expect(outcome.errors.contains("--new-pid-namespace"))
      try job.expectPass()
    }

    /// The job twice at the same time, the second with the same pids in another namespace. It finds itself in /proc.
    @Test(.timeLimit(.minutes(1)), arguments: ["deaths", "ghosts", "sessions", "threads", "dead-leader"])
    func besideTheOriginal(_ name: String) throws {
      let sandbox = try Sandbox()
      let job = try Job(name, in: sandbox)
      try sandbox.crtopMust("checkpoint", "\(job.pid)", "-o", sandbox["image"])
      let before = try job.tasks()
      let (root, first) = try restart(sandbox["image"], sandbox)
      let twins = try subtree(root)
      #expect(twins.count == before.count)
      #expect(twins.map(\.comm).sorted() == before.map(\.comm).sorted())
      #expect(twins.map(\.exitCode).sorted() == before.map(\.exitCode).sorted())
      #expect(traced(twins) == [])
      try writeFile("\(job.directory)/verdict", "")
      let report = try eventually("both verdicts") { () -> [String]? in
        let verdicts = job.report.filter { $0 != "ready" }
        return verdicts.count >= 2 ? verdicts : nil
      }
      #expect(report == ["PASS", "PASS"])
      try waitUntil("the namespace's first process to be gone with the job") { !isTaken(first) }
    }

    /// The job that runs in a namespace of its own is checkpointed from inside, and restarted outside or inside again.
    @Test(.timeLimit(.minutes(1)), arguments: [false, true]) func checkpointedAgain(_ inside: Bool) throws {
      let sandbox = try Sandbox()
      let job = try Job("zombies", ["6"], in: sandbox)
      let tasks = try job.checkpointAndKill(to: sandbox["image"])
      let (root, first) = try restart(sandbox["image"], sandbox)
      let refused = try sandbox.crtop("check", "\(root)")
      #expect(refused.status == .exited(1) && refused.errors.contains("nsenter"), "\(refused.summary)")
      var streams = ChildProcess.Streams()
      streams.errors = sandbox["errors"]
      let again = try ChildProcess(
        "/usr/bin/nsenter",
        [
          "--target", "\(first)", "--pid", "--mount", Programs.crtop, "checkpoint", "\(job.pid)", "-o",
          sandbox["second"], "--kill",
        ],
        streams: streams, environment: sandbox.environment)
      let status = try again.wait()
      let complaints = try readText(streams.errors)
      #expect(status == .exited(0), "\(complaints)")
      try waitUntil("the namespace to be over") { !isTaken(first) && !isTaken(root) }
      if inside {
        _ = try restart(sandbox["second"], sandbox)
        try writeFile("\(job.directory)/verdict", "")
        try waitUntil("the verdict") { job.report.contains("PASS") || job.report.contains { $0.hasPrefix("FAIL") } }
        #expect(job.report.contains("PASS"), "\(job.report)")
      } else {
        try job.restart(from: sandbox["second"], expecting: tasks)
        try job.expectPass()
      }
    }

    /// crtop stands for the root in the foreground: signals go in, the way it ends comes out.
    @Test(.timeLimit(.minutes(1)), arguments: [SIGTERM, SIGUSR1]) func signalsArePassedOn(_ signal: Int32) throws {
      let sandbox = try Sandbox()
      let job = try ChildProcess("/bin/sleep", ["1000"], environment: sandbox.environment, ownSession: true)
      try waitUntil("the program to run") { StatLine("/proc/\(job.pid)/stat")?.comm == "sleep" }
      try sandbox.crtopMust("checkpoint", "\(job.pid)", "-o", sandbox["image"], "--kill")
      #expect(try job.wait() == .killed(SIGKILL))
      let crtop = try sandbox.startCrtop(["restart", sandbox["image"], "--new-pid-namespace"])
      let sleep = try eventually("the job to be back") {
        try subtree(crtop.pid).first { $0.comm == "sleep" && traced([$0]).isEmpty }?.pid
      }
      #expect(statusField("NSpid", pid: sleep)?.hasSuffix("\t\(job.pid)") == true)
      crtop.kill(signal)
      #expect(try crtop.wait() == .killed(signal))
      try waitUntil("the job to be gone") { !isTaken(sleep) }
    }

    /// Scripts learn both pids of the root: the one that it has inside, and the one to be used from here.
    @Test(.timeLimit(.minutes(1))) func bothPidsOfTheRootAreInTheLastEvent() throws {
      let sandbox = try Sandbox()
      let job = try ChildProcess("/bin/sleep", ["1000"], environment: sandbox.environment, ownSession: true)
      try waitUntil("the program to run") { StatLine("/proc/\(job.pid)/stat")?.comm == "sleep" }
      try sandbox.crtopMust("checkpoint", "\(job.pid)", "-o", sandbox["image"], "--kill")
      #expect(try job.wait() == .killed(SIGKILL))
      let outcome = try sandbox.crtop("restart", sandbox["image"], "--detach", "--json", "--new-pid-namespace")
      let events = try outcome.events()
      let done = try #require(events.last)
      #expect(events.filter { $0["event"]?.string == "done" }.count == 1 && outcome.errors.isEmpty)
      #expect(done["event"]?.string == "done" && done["root"]?.number == Int64(job.pid) && done["tasks"]?.number == 1)
      let root = try #require(done["root_outside"]?.number.map { Int32(truncatingIfNeeded: $0) })
      #expect(StatLine("/proc/\(root)/stat")?.comm == "sleep" && root != job.pid)
      #expect(statusField("NSpid", pid: root)?.hasSuffix("\t\(job.pid)") == true)
    }

    /// As with a job in crtop's own namespace: keys, stop, fg, exit status.
    @Test(.timeLimit(.minutes(1))) func foregroundJob() throws {
      let sandbox = try Sandbox()
      try writeFile(
        sandbox["program"],
        """
        trap 'echo interrupted.' INT
        echo started $$
        while read -r line; do
          echo "got <$line>"
          [ "$line" = end ] && exit 7
        done
        """)
      let terminal = try PseudoTerminal(in: sandbox)
      try terminal.type("bash \(sandbox["program"])\n")
      let pid = try #require(Int32(try terminal.expect("started ").trimmingPrefix(" ")))
      try sandbox.crtopMust("checkpoint", "\(pid)", "-o", sandbox["image"], "--kill")
      try waitUntil("the shell to have reaped the job") { !isTaken(pid) }
      try terminal.type("\(Programs.crtop) restart \(sandbox["image"]) --new-pid-namespace\n")
      let root = try eventually("the job to have the terminal") { () -> Int32? in
        let root = terminal.foregroundGroup
        guard statusField("NSpid", pid: root)?.hasSuffix("\t\(pid)") == true else { return nil }
        return try traced(subtree(root)).isEmpty ? root : nil
      }
      try terminal.type("one\n")
      try terminal.expect("got <one>")
      try terminal.type("\u{3}")
      try terminal.expect("interrupted.")
      try terminal.type("\u{1a}")
      try waitUntil("the shell to have the terminal") { terminal.foregroundGroup == terminal.shell.pid }
      try terminal.type("fg\n")
      try waitUntil("the job to have the terminal again") { terminal.foregroundGroup == root }
      try terminal.type("two\n")
      try terminal.expect("got <two>")
      try terminal.type("end\n")
      try waitUntil("the job to be gone") { !isTaken(root) }
      try terminal.type("echo \"status=$?;\"\n")
      #expect(try terminal.expect("status=7").hasPrefix(";"))
    }

    /// Detached; the pids outside of the root and of the namespace's first process.
    private func restart(_ image: String, _ sandbox: Sandbox) throws -> (root: Int32, first: Int32) {
      let outcome = try sandbox.crtop("restart", image, "--detach", "--new-pid-namespace")
      guard outcome.status == .exited(0) else { throw TestFailure("restart: \(outcome.summary)") }
      let line = try #require(outcome.errors.split(separator: "\n").first { $0.hasPrefix("Outside") })
      let numbers = line.split { !$0.isNumber }.compactMap { Int32($0) }
      try #require(numbers.count == 2)
      sandbox.remember(numbers[0])
      return (numbers[0], numbers[1])
    }
  }
}
