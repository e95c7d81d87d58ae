/// Jobs of an ordinary user: saved and restarted by root, and by the user alone.

import Glibc
import SystemCalls
import TestSupport
import Testing

/// Nobody's id, as far as a test goes.
private let user: UInt32 = 65534

/// Whether the programs under test can be run by that user, who may make namespaces.
private let userHasNamespaces: Bool = {
  guard geteuid() == 0 else { return false }
  let arguments = ["--as", "\(user)", "unshare"] + ownNamespaces + [Programs.crtop, "--version"]
  guard let process = try? ChildProcess(Programs.workloads, arguments) else { return false }
  return (try? process.wait()) == .exited(0)
}()

/// In which an ordinary user may choose pids.
private let ownNamespaces = ["--user", "--map-current-user", "--keep-caps", "--pid", "--fork", "--mount-proc"]

extension CommandLine {
  @Suite(.enabled(if: geteuid() == 0, "needs root")) struct OrdinaryUser {
    @Test(.timeLimit(.minutes(1)), arguments: roundTrips)
    func killedAndRestarted(_ name: String) throws {
      let sandbox = try Sandbox()
      // Where the tests were built may be closed to others.
      try copyFile(Programs.workloads, sandbox["workloads"])
      let job = try Job(name, in: sandbox, program: sandbox["workloads"], user: user)
      let uid = statusField("Uid", pid: job.pid)
      let tasks = try job.checkpointAndKill(to: sandbox["image"])
      try job.restart(from: sandbox["image"], expecting: tasks)
      #expect(statusField("Uid", pid: job.pid) == uid)
      #expect(statusField("CapPrm", pid: job.pid) == "0000000000000000")
      try job.expectPass()
    }

    /// Without any privilege: the restart happens in namespaces of the user's own.
    @Test(
      .enabled(if: userHasNamespaces, "an ordinary user makes no namespaces here"), .timeLimit(.minutes(1)),
      arguments: ["identity", "threads", "tree", "pipes", "zombies", "signals", "files", "sessions"])
    func withoutRoot(_ name: String) throws {
      let sandbox = try Sandbox()
      let job = try Job(name, in: sandbox, user: user)
      try makeDirectory(sandbox["images"])
      let image = sandbox["images/image"]
      let tasks = try job.tasks()
      let saved = try runAsUser(
        sandbox,
        // What is left of a sleep is shown to the privileged only.
        [Programs.crtop, "checkpoint", "\(job.pid)", "-o", image, "--kill", "--accept", "sleep-time"])
      #expect(saved.status == .exited(0), "\(saved.summary)")
      try job.awaitEnd(of: tasks)

      let refused = try runAsUser(sandbox, [Programs.crtop, "restart", image, "--detach"])
      #expect(refused.status == .exited(1))
      #expect(refused.errors.contains("CAP_CHECKPOINT_RESTORE"), "\(refused.summary)")
      #expect(refused.errors.contains("unshare"), "no remedy: \(refused.summary)")

      try writeFile("\(job.directory)/verdict", "")
      let restarted = try runAsUser(sandbox, ["unshare"] + ownNamespaces + [Programs.crtop, "restart", image])
      #expect(restarted.status == .exited(0), "\(restarted.summary)")
      #expect(job.report.last == "PASS", "\(job.report)")
    }

    /// Root's job is root's: nothing is created, and what is missing is named.
    @Test(.enabled(if: userHasNamespaces, "an ordinary user makes no namespaces here"), .timeLimit(.minutes(1)))
    func rootsJobIsRefused() throws {
      let sandbox = try Sandbox()
      let job = try Job("counter", in: sandbox)
      let tasks = try job.checkpointAndKill(to: sandbox["image"])
      _ = try systemCall { unsafe chown(sandbox["image"], user, user) }
      for prefix in [[], ["unshare"] + ownNamespaces] {
        let outcome = try runAsUser(sandbox, prefix + [Programs.crtop, "restart", sandbox["image"], "--detach"])
        #expect(outcome.status == .exited(1))
        #expect(outcome.errors.contains("user ids 0, 0, 0, 0"), "\(outcome.summary)")
        #expect(outcome.errors.contains("\(job.pid)") && outcome.errors.contains("Remedy"), "\(outcome.summary)")
        #expect(try sandbox.processes() == [], "a process stays behind")
      }
      _ = try systemCall { unsafe chown(sandbox["image"], 0, 0) }
      try job.restart(from: sandbox["image"], expecting: tasks)
      try job.expectPass()
    }

    /// Root restarts the job, and opens its files: the user may not have put others in their place.
    @Test(.timeLimit(.minutes(1)), arguments: [[], ["--accept", "changed-files"]])
    func fileOfAnotherIsRefused(_ accepted: [String]) throws {
      let sandbox = try Sandbox()
      let job = try Job("counter", in: sandbox, user: user)
      let tasks = try job.checkpointAndKill(to: sandbox["image"])
      let (file, secret) = ("\(job.directory)/count", sandbox["secret"])
      try writeFile(secret, try readBytes(file))
      _ = try systemCall { unsafe chmod(secret, 0o600) }
      #expect(try sandbox.run("/usr/bin/touch", ["--reference", file, secret]).status == .exited(0))
      #expect(try sandbox.run("/bin/mv", [file, sandbox["aside"]]).status == .exited(0))
      _ = try systemCall { unsafe symlink(secret, file) }
      let outcome = try sandbox.run(Programs.crtop, ["restart", sandbox["image"], "--detach"] + accepted)
      #expect(outcome.status == .exited(1), "\(outcome.summary)")
      #expect(outcome.errors.contains("could not open itself") && outcome.errors.contains(file), "\(outcome.summary)")
      #expect(try sandbox.processes() == [], "a process stays behind")
      #expect(try sandbox.run("/bin/mv", [sandbox["aside"], file]).status == .exited(0))
      try job.restart(from: sandbox["image"], expecting: tasks)
      try job.expectPass()
    }

    @Test(.timeLimit(.minutes(1))) func directoryOfAnotherIsRefused() throws {
      let sandbox = try Sandbox()
      let (theirs, closed) = (sandbox["theirs"], sandbox["closed"])
      for path in [theirs, closed] { try makeDirectory(path) }
      _ = try systemCall { unsafe chown(theirs, user, user) }
      _ = try systemCall { unsafe chmod(closed, 0o700) }
      let program = "cd '\(theirs)' && exec sleep 1000"
      let job = try ChildProcess(
        Programs.workloads, ["--as", "\(user)", "/bin/sh", "-c", program], environment: sandbox.environment,
        ownSession: true)
      try waitUntil("the program to run") { StatLine("/proc/\(job.pid)/stat")?.comm == "sleep" }
      try sandbox.crtopMust("checkpoint", "\(job.pid)", "-o", sandbox["image"], "--kill")
      #expect(try job.wait() == .killed(SIGKILL))
      #expect(try sandbox.run("/bin/rmdir", [theirs]).status == .exited(0))
      _ = try systemCall { unsafe symlink(closed, theirs) }
      let outcome = try sandbox.crtop("restart", sandbox["image"], "--detach")
      #expect(outcome.status == .exited(1), "\(outcome.summary)")
      #expect(outcome.errors.contains(theirs) && outcome.errors.contains("could not open itself"), "\(outcome.summary)")
      #expect(!isTaken(job.pid))
    }

    private func runAsUser(_ sandbox: Sandbox, _ command: [String]) throws -> Outcome {
      try sandbox.run(Programs.workloads, ["--as", "\(user)"] + command)
    }
  }

  /// A restart gives no task more than its caller has, and says beforehand what is missing.
  @Suite(.enabled(if: geteuid() == 0, "needs root")) struct Privileges {
    @Test(
      .timeLimit(.minutes(1)),
      arguments: [
        (["--bounding-set", "-chown"], ["capabilities", "CAP_CHOWN", "bounding set"]),
        (["--bounding-set", "-setpcap,-setuid"], ["CAP_SETPCAP", "CAP_SETUID"]),
        (["--no-new-privs"], ["no_new_privs"]),
        (["--reuid", "1234", "--clear-groups"], ["user ids", "user 1234", "CAP_SETUID", "pids of the job"]),
      ])
    func missingPrivilegeIsRefused(_ options: [String], _ words: [String]) throws {
      let sandbox = try Sandbox()
      let job = try Job("credentials", in: sandbox)
      let tasks = try job.checkpointAndKill(to: sandbox["image"])
      // Opened by root, given as standard input: it is the restart that must refuse.
      var streams = ChildProcess.Streams()
      streams.input = sandbox["image"]
      let outcome = try sandbox.run(
        "/usr/bin/env", ["setpriv"] + options + [Programs.crtop, "restart", "-", "--detach"], streams: streams)
      #expect(outcome.status == .exited(1), "\(outcome.summary)")
      for word in words { #expect(outcome.errors.contains(word), "\(word) is not named: \(outcome.summary)") }
      #expect(outcome.errors.contains("Remedy"))
      #expect(try sandbox.processes() == [], "a process stays behind")
      try job.restart(from: sandbox["image"], expecting: tasks)
      try job.expectPass()
    }
  }
}
