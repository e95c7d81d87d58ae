/// A job restarted in the foreground of an interactive shell behaves as the job itself did: keys, stops, fg, its end.

internal import Glibc
import SystemCalls
import TestSupport
import Testing

private let program = """
  trap 'echo interrupted.' INT
  echo started $$
  while read -r line; do
    echo "got <$line>"
    [ "$line" = end ] && kill -TERM $$
  done
  """

extension CommandLine {
  @Suite struct JobControl {
    /// The image comes from a file, or from a pipe, so that standard input is not the terminal.
    @Test(.timeLimit(.minutes(1)), arguments: [false, true]) func foregroundJob(_ isPiped: Bool) throws {
      let sandbox = try Sandbox()
      try writeFile(sandbox["program"], program)
      let terminal = try PseudoTerminal(in: sandbox)
      try terminal.type("bash \(sandbox["program"])\n")
      let pid = try #require(Int32(try terminal.expect("started ").trimmingPrefix(" ")))
      try sandbox.crtopMust("checkpoint", "\(pid)", "-o", sandbox["image"], "--kill")
      try waitUntil("the shell to have reaped the job") { !isTaken(pid) }

      let (crtopPath, image) = (Programs.crtop, sandbox["image"])
      try terminal.type(isPiped ? "cat \(image) | \(crtopPath) restart -\n" : "\(crtopPath) restart \(image)\n")
      try waitUntil("the job to have the terminal") {
        try terminal.foregroundGroup == pid && traced(subtree(pid)).isEmpty
      }
      try terminal.type("one\n")
      try terminal.expect("got <one>")
      try terminal.type("\u{3}")
      try terminal.expect("interrupted.")

      let crtop = try #require(Int32(statusField("PPid", pid: pid) ?? ""))
      try terminal.type("\u{1a}")
      try waitUntil("crtop to stop with its job, and the shell to have the terminal") {
        state(pid) == "T" && state(crtop) == "T" && terminal.foregroundGroup == terminal.shell.pid
      }
      try terminal.type("fg\n")
      try waitUntil("the job to have the terminal again") { terminal.foregroundGroup == pid && state(pid) == "S" }
      try terminal.type("two\n")
      try terminal.expect("got <two>")

      try terminal.type("end\n")
      try waitUntil("crtop to end with its job") { !isTaken(pid) && !isTaken(crtop) }
      try terminal.type("echo \"status=$?;\"\n")
      #expect(try terminal.expect("status=1").hasPrefix("43;"))
    }

    /// An interactive shell leads the session of its terminal. It gets a new one with the modes and the foreground group of
    /// the old, and the size of the window that it is shown in.
    @Test(.timeLimit(.minutes(1))) func sessionWithTerminal() throws {
      let sandbox = try Sandbox()
      try writeFile(
        sandbox["program"],
        """
        stty -echo
        trap 'echo "resized to $(stty size);"' WINCH
        echo started
        while read -r line || (( $? > 128 )); do echo "got <$line>$(stty -a | grep -o -e "-echo ");"; done
        """)
      let first = try PseudoTerminal(in: sandbox, size: (24, 80))
      let shell = first.shell.pid
      try first.type("bash \(sandbox["program"])\n")
      try first.expect("started")
      let group = first.foregroundGroup
      #expect(group != shell)
      try sandbox.crtopMust("checkpoint", "\(shell)", "-o", sandbox["image"], "--kill")
      #expect(try first.shell.wait() == .killed(SIGKILL))
      try waitUntil("the end of the job") { !isTaken(group) }

      let second = try PseudoTerminal(in: sandbox, size: (30, 100))
      try second.type("\(Programs.crtop) restart \(sandbox["image"])\n")
      try waitUntil("the job to have its terminal") {
        try foregroundGroup(shell) == group && traced(subtree(shell)).isEmpty
      }
      // The trap runs when the shell has read a line.
      try second.type("one\n")
      try second.expect("resized to 30 100;")
      #expect(try second.expect("got <one>") == "-echo ;")
      // Ends the job's foreground program; neither its shell nor crtop.
      try second.type("\u{3}")
      try waitUntil("the shell to have its terminal") { foregroundGroup(shell) == shell }
      try second.type("tty; exit 7\n")
      try waitUntil("crtop to end with its job") { !isTaken(shell) && second.foregroundGroup == second.shell.pid }
      try second.type("echo \"status=$?;\"\n")
      try second.expect("status=7;")
    }

    /// The job may close its terminal, and open it again.
    @Test(.timeLimit(.minutes(1))) func sessionThatOpensItsTerminalAgain() throws {
      let sandbox = try Sandbox()
      try writeFile(
        sandbox["program"],
        """
        trap 'exec 0<&- 1>&- 2>&-' USR1
        trap 'echo "shown again." >/dev/tty; kill $!; exit 7' USR2
        sleep 1000 </dev/null >/dev/null 2>&1 &
        echo started
        while :; do wait; done
        """)
      let first = try PseudoTerminal(in: sandbox)
      let shell = first.shell.pid
      try first.type("exec bash \(sandbox["program"])\n")
      try first.expect("started")
      let tasks = try subtree(shell)
      try sandbox.crtopMust("checkpoint", "\(shell)", "-o", sandbox["image"], "--kill")
      #expect(try first.shell.wait() == .killed(SIGKILL))
      try waitUntil("the end of the job") { !tasks.contains { isTaken($0.pid) } }

      let second = try PseudoTerminal(in: sandbox)
      try second.type("\(Programs.crtop) restart \(sandbox["image"])\n")
      try waitUntil("the job to be back") { try isTaken(shell) && traced(subtree(shell)).isEmpty }
      kill(shell, SIGUSR1)
      try waitUntil("the job to have closed its terminal") { (try? readLink("/proc/\(shell)/fd/1")) == nil }
      kill(shell, SIGUSR2)
      try second.expect("shown again.")
      try waitUntil("crtop to end with its job") { !isTaken(shell) && second.foregroundGroup == second.shell.pid }
      try second.type("echo \"status=$?;\"\n")
      try second.expect("status=7;")
    }

    /// Whoever ends crtop means the job, and whoever waits for crtop learns how the job ended.
    @Test(.timeLimit(.minutes(1)), arguments: [SIGTERM, SIGINT, SIGHUP, SIGUSR1])
    func signalsArePassedOn(_ signal: Int32) throws {
      let sandbox = try Sandbox()
      let job = try ChildProcess("/bin/sleep", ["1000"], environment: sandbox.environment, ownSession: true)
      let pid = job.pid
      try waitUntil("the program to run") { StatLine("/proc/\(pid)/stat")?.comm == "sleep" && state(pid) == "S" }
      try sandbox.crtopMust("checkpoint", "\(pid)", "-o", sandbox["image"], "--kill")
      #expect(try job.wait() == .killed(SIGKILL))
      let crtop = try sandbox.startCrtop(["restart", sandbox["image"]])
      try waitUntil("the job to be back") {
        // It has its name before it is let go; before it is traced at all it has crtop's.
        try crtop.poll() == nil && StatLine("/proc/\(pid)/stat")?.comm == "sleep" && traced(subtree(pid)).isEmpty
          && state(pid) == "S"
      }
      crtop.kill(signal)
      #expect(try crtop.wait() == .killed(signal))
      #expect(!isTaken(pid))
    }

    /// Of the terminal that a process has.
    private func foregroundGroup(_ pid: Int32) -> Int32? {
      (StatLine("/proc/\(pid)/stat")?.field(8)).flatMap { Int32(exactly: $0) }
    }

    private func state(_ pid: Int32) -> Character? { StatLine("/proc/\(pid)/stat")?.state }
  }
}
