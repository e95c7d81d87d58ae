/// A job that saves itself: it learns from crtop's exit status whether it goes on, or has been restarted.

import SystemCalls
import TestSupport
import Testing

/// Waits, in a shell; a variable and a child must be there after the restart as well.
private let shell = """
  set -u
  kept=$$-kept
  sleep 1000 & child=$!
  "$1" checkpoint --self -o "$2" $4 2>"$3.errors"
  status=$?
  echo "status $status $kept" >> "$3"
  kill $child
  wait $child
  echo "child $?" >> "$3"
  exit $((40 + status))
  """

/// crtop's output is caught in pipes that the job reads to their end.
private let piped = """
  import subprocess, sys, os
  numbers = list(range(1000))
  run = subprocess.run([sys.argv[1], "checkpoint", "--self", "-o", sys.argv[2], "--json"], capture_output=True)
  with open(sys.argv[3], "a") as log: log.write("status %d %d\\n" % (run.returncode, sum(numbers)))
  os._exit(40 + run.returncode)
  """

/// Waits for the signal instead of the child.
private let signalled = """
  import subprocess, sys, os, signal
  signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
  child = subprocess.Popen([sys.argv[1], "checkpoint", "--self", "-o", sys.argv[2]], stderr=subprocess.DEVNULL)
  got = signal.sigwaitinfo({signal.SIGCHLD})
  status = child.wait()
  good = got.si_pid == child.pid and got.si_status == status and got.si_code == 1
  with open(sys.argv[3], "a") as log: log.write("status %d %s\\n" % (status, good))
  os._exit(40 + status)
  """

/// Cannot learn anything: its children leave no status behind.
private let deaf = """
  import subprocess, sys, os, signal
  signal.signal(signal.SIGCHLD, signal.SIG_IGN)
  with open(sys.argv[3] + ".errors", "w") as errors:
    subprocess.run([sys.argv[1], "checkpoint", "--self", "-o", sys.argv[2]], stderr=errors)
  os._exit(40)
  """

extension CommandLine {
  @Suite struct SelfCheckpoints {
    @Test(
      .timeLimit(.minutes(1)),
      arguments: [
        ("bash", shell, "-kept\nchild 143\n"), ("python3", piped, "499500\n"), ("python3", signalled, "True\n"),
      ])
    func statusTellsWhere(_ program: String, _ script: String, _ rest: String) throws {
      let sandbox = try Sandbox()
      let job = try start(sandbox, program, script)
      #expect(try job.wait(seconds: 30) == .exited(40), "\(texts(sandbox))")
      #expect(texts(sandbox).hasPrefix("status 0 "), "\(texts(sandbox))")
      #expect(texts(sandbox).hasSuffix(rest), "\(texts(sandbox))")
      try sandbox.awaitEnd()
      try sandbox.remember(image: sandbox["image"])

      removeFile(sandbox["log"])
      let restarted = try sandbox.crtop("restart", sandbox["image"])
      #expect(restarted.status == .exited(43), "\(restarted.summary)")
      #expect(texts(sandbox).hasPrefix("status 3 "), "\(texts(sandbox))")
      #expect(texts(sandbox).hasSuffix(rest), "\(texts(sandbox))")
    }

    /// Killed when its image is safe: only the restarted job ever hears of the end of crtop.
    @Test(.timeLimit(.minutes(1))) func jobEndsWithItsImage() throws {
      let sandbox = try Sandbox()
      let job = try start(sandbox, "bash", shell, "--kill")
      #expect(try job.wait(seconds: 30) == .killed(9))
      #expect(!exists(sandbox["log"]))
      try sandbox.awaitEnd()
      let restarted = try sandbox.crtop("restart", sandbox["image"])
      #expect(restarted.status == .exited(43), "\(restarted.summary)")
    }

    @Test(.timeLimit(.minutes(1))) func ancestorIsChosen() throws {
      let sandbox = try Sandbox()
      let script = """
        bash -c '"$1" checkpoint --self '$$' -o "$2"; echo "status $?" >> "$3"' - "$1" "$2" "$3"
        exit 44
        """
      let job = try start(sandbox, "bash", script)
      #expect(try job.wait(seconds: 30) == .exited(44))
      #expect(texts(sandbox) == "status 0\n")
      try sandbox.awaitEnd()
      #expect(try sandbox.crtop("restart", sandbox["image"]).status == .exited(44))
      #expect(texts(sandbox) == "status 0\nstatus 3\n")
    }

    @Test(.timeLimit(.minutes(1))) func jobThatCannotLearnIsRefused() throws {
      let sandbox = try Sandbox()
      let job = try start(sandbox, "python3", deaf)
      #expect(try job.wait(seconds: 30) == .exited(40))
      let errors = try readText(sandbox["log.errors"])
      #expect(errors.contains("SIGCHLD") && errors.contains("Remedy"), "\(errors)")
      #expect(!exists(sandbox["image"]))
    }

    @Test(.timeLimit(.minutes(1))) func strangersAreRefused() throws {
      let sandbox = try Sandbox()
      let job = try Job("counter", in: sandbox)
      let outcome = try sandbox.crtop("checkpoint", "--self", "\(job.pid)", "-o", sandbox["image"])
      #expect(outcome.status == .exited(1))
      #expect(outcome.errors.contains("not started inside it"), "\(outcome.summary)")
      #expect(try sandbox.crtop("checkpoint", "-o", sandbox["image"]).status == .exited(64))
      try job.expectPass()
    }

    private func start(
      _ sandbox: Sandbox, _ program: String, _ script: String, _ options: String = ""
    ) throws -> ChildProcess {
      let name = sandbox["script"]
      try writeFile(name, script)
      return try ChildProcess(
        "/usr/bin/env", [program, name, Programs.crtop, sandbox["image"], sandbox["log"], options],
        environment: sandbox.environment, ownSession: true)
    }

    private func texts(_ sandbox: Sandbox) -> String { (try? readText(sandbox["log"])) ?? "" }
  }
}
