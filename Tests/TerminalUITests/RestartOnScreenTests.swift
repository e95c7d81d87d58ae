import CLinux
import Glibc
import SystemCalls
import TestSupport
import Testing

/// Restarts for which crtop starts itself anew, in a real terminal: in the foreground, and in a pid namespace.
@Suite(
  .serialized, .timeLimit(.minutes(2)), .enabled(if: Tmux.isAvailable && geteuid() == 0, "needs tmux and root"))
struct RestartOnScreenTests {
  /// The job has the keyboard, Ctrl-Z stops crtop with it, and the screen comes back after its end.
  @Test func inThisTerminal() throws {
    let sandbox = try Sandbox()
    _ = try systemCall { unsafe mkdir(sandbox["images"], 0o700) }
    let tmux = try Tmux(width: 80, height: 24)
    try tmux.command("stty -a > \(sandbox["modes"]); cat")
    let pid = try eventually("cat") { () -> Int32? in
      guard let pid = try? tmux.child(), try readText("/proc/\(pid)/comm") == "cat\n" else { return nil }
      return pid
    }
    try sandbox.crtopMust("checkpoint", "\(pid)", "-o", sandbox["images/cat.crtop"], "--kill")
    try tmux.command("clear; CRTOP_IMAGES=\(sandbox["images"]) \(Programs.crtop)")
    try open("cat", tmux)
    try tmux.keys("Up", "Up", "Right")
    _ = try tmux.waitFor("It gets this terminal")
    try tmux.keys("Down", "Down", "Enter")
    _ = try tmux.waitFor("restarting cat in this terminal")
    try waitUntil("the job to run") { (try? readText("/proc/\(pid)/comm")) == "cat\n" }
    try type("hello", into: tmux)
    try tmux.keys("C-z")
    _ = try tmux.waitFor("Stopped")
    try tmux.command("fg")
    _ = try tmux.waitUntil("crtop goes on") { $0.contains("ready> fg") && !$0.hasSuffix("ready>") }
    try type("again", into: tmux)
    try tmux.keys("C-d")
    _ = try tmux.waitFor("cat: exited 0. Press Enter")
    try tmux.keys("Enter")
    _ = try tmux.waitUntil("the screen") {
      $0.contains("F10 Quit") && $0.contains("cat in the foreground: exited 0") && !$0.contains("hello")
    }
    try tmux.keys("q")
    _ = try tmux.waitFor("ready>")
    try tmux.command("clear; stty -a | cmp - \(sandbox["modes"]) && echo as it ''was")
    _ = try tmux.waitFor("as it was")
  }

  /// A restart that fails in the foreground leaves its words to be read, and the screen.
  @Test func aFailureInThisTerminalIsSeen() throws {
    let sandbox = try Sandbox()
    let image = try sandbox.imageOfSleep(kill: true).image
    let tmux = try Tmux(width: 80, height: 24)
    try tmux.command("CRTOP_IMAGES=\(sandbox["images"]) \(Programs.crtop)")
    try open("sleep 54325", tmux)
    try tmux.keys("Up", "Up", "Right")
    _ = try tmux.waitFor("It gets this terminal")
    // The last byte of its memory is another one: only the restart itself sees that.
    let file = try OwnedDescriptor.open(image, O_RDWR)
    let length = try systemCall { lseek(file.number, 0, SEEK_END) }
    var byte: UInt8 = 0
    _ = try systemCall { unsafe pread(file.number, &byte, 1, length / 2) }
    byte ^= 0xff
    _ = try systemCall { unsafe pwrite(file.number, &byte, 1, length / 2) }
    try tmux.keys("Down", "Down", "Enter")
    let shown = try tmux.waitFor("sleep 54325: exited 1. Press Enter")
    #expect(shown.contains("crtop: ") && shown.contains("checksum"), "\(shown)")
    try tmux.keys("Enter")
    _ = try tmux.waitFor("F10 Quit")
  }

  /// The next crtop knows what this one has verified; one that only looks leaves nothing behind.
  @Test func aVerificationIsKeptUnlessReadOnly() throws {
    let sandbox = try Sandbox()
    _ = try sandbox.imageOfSleep(kill: true)
    let tmux = try Tmux(width: 80, height: 24)
    func look(_ options: String, at words: String, verifying: Bool) throws {
      try tmux.command(
        "clear; CRTOP_IMAGES=\(sandbox["images"]) XDG_STATE_HOME=\(sandbox["state"]) \(Programs.crtop) \(options)")
      _ = try tmux.waitFor("F10 Quit")
      try tmux.keys("R")
      _ = try tmux.waitFor(verifying ? "; not verified" : words)
      if verifying {
        try tmux.keys("v")
        _ = try tmux.waitFor(words)
      }
      try tmux.keys("q")
      _ = try tmux.waitFor("F10 Quit")
      try tmux.keys("q")
      _ = try tmux.waitFor("ready>")
    }
    try look("--readonly", at: ": whole and unaltered", verifying: true)
    #expect(!((try? directoryEntries(sandbox["state"])) ?? []).contains("crtop"))
    try look("", at: ": whole and unaltered", verifying: true)
    try look("--readonly", at: ": whole and unaltered", verifying: false)
  }

  /// The job runs on and has its pids: its twin gets the same ones in a namespace.
  @Test func inAPidNamespaceOfItsOwn() throws {
    let sandbox = try Sandbox()
    let job = try sandbox.imageOfSleep(kill: false).job
    let pid = job.pid
    let tmux = try Tmux(width: 100, height: 30)
    try tmux.command("CRTOP_IMAGES=\(sandbox["images"]) \(Programs.crtop)")
    try tmux.keys("R")
    _ = try tmux.waitFor("Images: 1")
    try tmux.keys("Enter")
    let refused = try tmux.waitUntil("the holder of the pid, and the remedy") {
      $0.contains("pid \(pid): it is taken by sleep (\(pid))") && $0.contains("Remedy")
    }
    #expect(refused.ranges(of: "Remedy").count == 1)
    try tmux.keys("Up", "Right")
    _ = try tmux.waitFor("Plan passed")
    try tmux.keys("Down", "Enter")
    _ = try tmux.waitFor("restart of sleep 54325 done: 1 task")
    let line = try tmux.waitUntil("the twin to be selected") { screen in
      Self.selected(screen).map { $0 != pid && (try? readText("/proc/\($0)/comm")) == "sleep\n" } ?? false
    }
    let twin = try #require(Self.selected(line))
    let ids = try readText("/proc/\(twin)/status").split(separator: "\n").first { $0.hasPrefix("NSpid:") }
    #expect(ids?.hasSuffix("\t\(twin)\t\(pid)") == true, "\(ids ?? "")")
    kill(twin, SIGKILL)
    // Its namespace's first process ends with it, and is reaped.
    _ = try tmux.waitFor("the restarted job \(twin) has ended")
    let crtop = try tmux.child()
    try waitUntil("no child of crtop's") {
      (try? readText("/proc/\(crtop)/task/\(crtop)/children"))?.isEmpty == true
    }
    #expect(isTaken(pid))
    try tmux.keys("q")
  }

  // MARK: Parts

  /// The dialog of the only image, with a plan that has passed.
  private func open(_ job: String, _ tmux: Tmux) throws {
    _ = try tmux.waitFor("F10 Quit")
    try tmux.keys("R")
    _ = try tmux.waitFor("Images: 1")
    try tmux.keys("Enter")
    _ = try tmux.waitUntil("the plan of \(job)") { $0.contains("Plan passed") && $0.contains("Job   \(job)") }
  }

  /// The terminal's echo, and the job's answer.
  private func type(_ word: String, into tmux: Tmux) throws {
    try tmux.keys("-l", word)
    try tmux.keys("Enter")
    _ = try tmux.waitUntil("the answer to \(word)") { $0.ranges(of: word).count >= 2 }
  }

  /// The pid in the line above the function bar.
  private static func selected(_ screen: String) -> Int32? {
    guard let line = screen.split(separator: "\n").dropLast().last, let open = line.firstIndex(of: "(") else {
      return nil
    }
    return Int32(line[line.index(after: open)...].prefix { $0.isNumber })
  }
}
