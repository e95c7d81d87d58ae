/// After a reboot the clocks that only go forward must not go back for the job.

import SystemCalls
import TestSupport
import Testing

extension CommandLine {
  @Suite struct ClockTests {
    /// A job of another boot, in which the clocks were far ahead: a time namespace with such clocks, and another boot id.
    private func checkpointInAnotherBoot(_ name: String, _ sandbox: Sandbox, program: [String]) throws -> Int32 {
      try makeDirectory(sandbox["job"])
      try writeFile(sandbox["boot_id"], "00000000-0000-0000-0000-000000000000\n")
      let script = """
        set -e
        mount --bind \(sandbox["boot_id"]) /proc/sys/kernel/random/boot_id
        setsid \(program.joined(separator: " ")) "$0" \(name) \(sandbox["job"]) >/dev/null 2>&1 </dev/null &
        echo $! >\(sandbox["pid"])
        read -r ready
        "$1" checkpoint $! -o \(sandbox["image"]) --kill
        wait $! || true
        """
      var streams = ChildProcess.Streams()
      streams.errors = sandbox["errors"]
      let boot = try SteppedScript(
        "/usr/bin/unshare",
        [
          "--mount", "--time", "--monotonic", "100000", "--boottime", "200000", "--fork", "/bin/bash", "-c", script,
          Programs.workloads, Programs.crtop,
        ],
        streams: streams, environment: sandbox.environment)
      try boot.goOn(after: "the job to be ready") { (try? readText(sandbox["job/out"])) == "ready\n" }
      let status = try boot.process.wait()
      let errors = try readText(sandbox["errors"])
      try #require(status == .exited(0), "\(errors)")
      return try #require(Int32(readText(sandbox["pid"]).split(separator: "\n").first ?? ""))
    }

    private func expectPass(_ pid: Int32, _ sandbox: Sandbox) throws {
      sandbox.remember(pid)
      try writeFile(sandbox["job/verdict"], "")
      let report = try eventually("the verdict", seconds: 40) { () -> String? in
        let report = try readText(sandbox["job/out"])
        return report.contains("PASS") || report.contains("FAIL") ? report : nil
      }
      #expect(report.hasSuffix("PASS\n"), "\(report)")
      try sandbox.awaitEnd()
    }

    /// Also when the restarted job is checkpointed once more, with crtop outside of its time namespace.
    @Test(.timeLimit(.minutes(1)), arguments: ["timers", "posix-timers", "rest"])
    func clocksGoOn(_ name: String) throws {
      let sandbox = try Sandbox()
      let pid = try checkpointInAnotherBoot(name, sandbox, program: [])
      for image in ["image", "second"] {
        try sandbox.crtopMust("restart", sandbox[image], "--detach")
        sandbox.remember(pid)
        let offsets = try readText("/proc/\(pid)/timens_offsets").split(whereSeparator: { " \n".contains($0) })
        #expect(try #require(Int64(offsets[1])) > 90_000 && #require(Int64(offsets[4])) > 190_000, "\(offsets)")
        guard image == "image" else { continue }
        let tasks = try subtree(pid)
        try sandbox.crtopMust("checkpoint", "\(pid)", "-o", sandbox["second"], "--kill")
        for task in tasks { try waitUntil("\(task.pid) to be free") { !isTaken(task.pid) } }
      }
      try expectPass(pid, sandbox)
    }

    /// Without the right to set a time namespace's clocks: a loss, which can be accepted.
    @Test(.timeLimit(.minutes(1))) func clockThatGoesBackIsRefusedUnlessAccepted() throws {
      let sandbox = try Sandbox()
      let limited = ["/usr/bin/setpriv", "--bounding-set", "-sys_time"]
      let pid = try checkpointInAnotherBoot("counter", sandbox, program: limited)
      func restart(_ options: String...) throws -> (TestSupport.ExitStatus, String) {
        var streams = ChildProcess.Streams()
        streams.errors = sandbox["errors"]
        let arguments = limited.dropFirst() + [Programs.crtop, "restart", sandbox["image"], "--detach"] + options
        let status = try ChildProcess(
          limited[0], Array(arguments), streams: streams, environment: sandbox.environment
        ).wait()
        return (status, try readText(streams.errors))
      }
      let (refused, why) = try restart()
      #expect(refused == .exited(1) && why.contains("clock") && why.contains("--accept clock"), "\(why)")
      #expect(try sandbox.processes() == [])
      let (accepted, errors) = try restart("--accept", "clock")
      #expect(accepted == .exited(0), "\(errors)")
      try expectPass(pid, sandbox)
    }
  }
}
