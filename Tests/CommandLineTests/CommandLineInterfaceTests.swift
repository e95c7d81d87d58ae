/// What the command line does before any job is touched: usage, help, refusals, lists, the doctor.

internal import Glibc
import SystemCalls
import TestSupport
import Testing

private let subcommands = [
  "ps", "check", "freeze", "thaw", "checkpoint", "restart", "images", "show", "verify", "delete", "doctor",
]
/// Above the kernel's largest pid (PID_MAX_LIMIT), so that nobody can have it.
private let noPid = "4194305"

extension CommandLine {
  @Suite struct Interface {
    @Test(
      .timeLimit(.minutes(1)),
      arguments: [
        ["--nonsense"], ["nonsense"], ["-5"], ["check"], ["check", "abc"], ["check", "0"], ["check", "+1"],
        ["check", "99999999999"], ["ps", "1x"], ["freeze", ""], ["thaw", "1", "2"], ["checkpoint"],
        ["checkpoint", "1", "--kill", "--leave-frozen"], ["checkpoint", "1", "-o", "-", "--json"],
        ["checkpoint", "1", "-o", ""], ["checkpoint", "1", "--compress", "gzip"],
        ["checkpoint", "1", "--accept", "everything"], ["restart"], ["restart", ""], ["restart", "a", "b"],
        ["show"], ["verify"], ["delete"], ["images", "extra"], ["doctor", "--yaml"],
      ])
    func wrongUsage(_ arguments: [String]) throws {
      let outcome = try Sandbox().crtop(arguments)
      #expect(outcome.status == .exited(64), "\(outcome.summary)")
      #expect(outcome.output == "")
      #expect(outcome.errors.hasPrefix("crtop: "), "\(outcome.errors)")
    }

    @Test(.timeLimit(.minutes(1))) func helpAndVersion() throws {
      let sandbox = try Sandbox()
      let help = try sandbox.crtopMust("--help").output
      for name in subcommands {
        #expect(help.contains("\n  \(name) "), "the help does not list \(name)")
        let own = try sandbox.crtopMust(name, "--help").output
        #expect(own.contains("USAGE: crtop \(name)"), "\(own)")
      }
      let version = try sandbox.crtopMust("--version").output
      #expect(version.split(separator: ".").count == 3 && version.hasPrefix("crtop "))
    }

    /// No process, no image: refused with a sentence, the same as an event, and status 1.
    @Test(
      .timeLimit(.minutes(1)),
      arguments: [
        ["ps", noPid], ["check", noPid], ["freeze", noPid], ["thaw", noPid], ["checkpoint", noPid],
        ["restart", "/nonexistent/image"], ["show", "/nonexistent/image"], ["verify", "/nonexistent/image"],
        ["delete", "/nonexistent/image"],
      ])
    func refused(_ arguments: [String]) throws {
      let sandbox = try Sandbox()
      let plain = try sandbox.crtop(arguments)
      #expect(plain.status == .exited(1), "\(plain.summary)")
      #expect(plain.output == "")
      #expect(plain.errors.hasPrefix("crtop: ") && plain.errors.contains(arguments[1]), "\(plain.errors)")
      #expect(plain.errors.split(separator: "\n").count == 1)

      let events = try sandbox.crtop(arguments + ["--json"]).events()
      let error = try #require(events.first)
      #expect(error["event"]?.string == "error")
      let code = try #require(error["code"]?.string)
      #expect(plain.errors.contains("[\(code)]"))
      for member in ["what", "why", "remedy"] { #expect(error[member]?.string != nil) }
      #expect(events.last?["event"]?.string == "failed")
      #expect(events.last?["operation"]?.string == arguments[0])
      #expect(events.last?["errors"]?.number == 1)
      #expect(events.count == 2)
    }

    /// A file that is no image is neither shown nor restarted nor deleted.
    @Test(.timeLimit(.minutes(1)), arguments: ["show", "verify", "delete", "restart"])
    func foreignFile(_ command: String) throws {
      let sandbox = try Sandbox()
      try writeFile(sandbox["letter"], "Dear Sir or Madam,")
      let outcome = try sandbox.crtop(command, sandbox["letter"])
      #expect(outcome.status == .exited(1), "\(outcome.summary)")
      #expect(outcome.errors.contains("is not an image"), "\(outcome.errors)")
      #expect(try readText(sandbox["letter"]) == "Dear Sir or Madam,")
    }

    @Test(.timeLimit(.minutes(1))) func processList() throws {
      let sandbox = try Sandbox()
      let own = getpid()
      let listed = try #require(try JSON(try sandbox.crtopMust("ps", "--json").output).array)
      for task in listed {
        for member in ["pid", "ppid", "pgid", "sid", "threads"] { #expect(task[member]?.number != nil) }
        for member in ["comm", "state"] { #expect(task[member]?.string != nil) }
        #expect((task["state"]?.string == "zombie") == (task["exit_code"] != nil))
      }
      let me = try #require(listed.first { $0["pid"]?.number == Int64(own) })
      #expect(me["ppid"]?.number == Int64(getppid()))
      #expect(me["pgid"]?.number == Int64(getpgrp()))
      #expect(me["sid"]?.number == Int64(getsid(0)))
    }

    /// A zombie is listed with its exit code, and in words.
    @Test(.timeLimit(.minutes(1))) func zombie() throws {
      let sandbox = try Sandbox()
      let child = try ChildProcess("/bin/sh", ["-c", "exit 42"])
      try waitUntil("the child to be a zombie") { StatLine("/proc/\(child.pid)/stat")?.state == "Z" }
      let outcome = try sandbox.crtopMust("ps", "\(child.pid)", "--json")
      let listed = try #require(try JSON(outcome.output).array)
      #expect(listed.count == 1)
      #expect(listed.first?["state"]?.string == "zombie")
      #expect(listed.first?["exit_code"]?.number == 42 << 8)
      #expect(try sandbox.crtopMust("ps", "\(child.pid)").output.contains("zombie"))
      #expect(try sandbox.crtopMust("ps", "\(child.pid)").output.contains("exited 42"))
      #expect(try child.wait() == .exited(42))
    }

    @Test(.timeLimit(.minutes(1))) func emptyStore() throws {
      let sandbox = try Sandbox()
      #expect(try sandbox.crtopMust("images", "--json").output == "")
      #expect(try sandbox.crtopMust("images").output.contains(sandbox["images"]))
    }

    /// The doctor says the same in both forms, and its status follows from what it says.
    @Test(.timeLimit(.minutes(1))) func doctor() throws {
      let sandbox = try Sandbox()
      let outcome = try sandbox.crtop("doctor", "--json")
      let findings = try outcome.events()
      let verdicts = findings.compactMap { $0["verdict"]?.string }
      #expect(verdicts.count == findings.count && Set(verdicts).isSubset(of: ["ok", "limited", "missing"]))
      #expect(outcome.status == .exited(verdicts.contains("missing") ? 1 : 0))
      let text = try sandbox.crtop("doctor").output
      for finding in findings {
        let subject = try #require(finding["subject"]?.string)
        #expect(text.contains(subject))
        if finding["verdict"]?.string != "ok" { #expect(finding["remedy"]?.string?.isEmpty == false, "\(subject)") }
      }
    }

    /// Where the terminal's screen cannot be shown, that is said, and nothing hangs.
    @Test(.timeLimit(.minutes(1))) func screenWithoutTerminal() throws {
      let outcome = try Sandbox().crtop([], seconds: 20)
      #expect(outcome.status == .exited(1), "\(outcome.summary)")
      #expect(outcome.errors.hasPrefix("crtop: "))
    }
  }
}
