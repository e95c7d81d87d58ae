import Glibc
import SystemCalls
import TestSupport
import Testing
import TerminalUI

/// The real program on a real terminal, in tmux. Serialized: it starts processes.
@Suite(.serialized, .timeLimit(.minutes(2)), .enabled(if: Tmux.isAvailable, "needs tmux"))
struct TerminalTests {
  /// The shell remembers the terminal's modes, and tells crtop's exit status.
  private func start(_ tmux: Tmux) throws {
    try tmux.command("stty -a > /tmp/crtop-stty-$$; \(Programs.crtop); echo status $?")
    _ = try tmux.waitFor("F10 Quit")
  }

  /// Waits until the shell has found the modes to be those of before; the screen then.
  private func modesAsTheyWere(_ tmux: Tmux) throws -> String {
    try tmux.command("stty -a | cmp - /tmp/crtop-stty-$$ && echo as it ''was; rm /tmp/crtop-stty-$$")
    return try tmux.waitFor("as it was")
  }

  @Test(arguments: [(40, 10), (80, 24), (200, 50)])
  func startsAndQuitsLeavingTheTerminalAsItWas(width: Int, height: Int) throws {
    let tmux = try Tmux(width: width, height: height)
    try start(tmux)
    try tmux.keys("F1")
    _ = try tmux.waitFor("─ Help ")
    try tmux.keys("Escape")
    _ = try tmux.waitUntil("no help") { !$0.contains("─ Help ") }
    try tmux.keys("q")
    _ = try tmux.waitFor("status 0")
    #expect(try !modesAsTheyWere(tmux).contains("F10 Quit"))
  }

  @Test func followsTheWindowsSize() throws {
    let tmux = try Tmux(width: 80, height: 24)
    try tmux.command(Programs.crtop)
    _ = try tmux.waitFor("F10 Quit")
    try tmux.resize(width: 120, height: 40)
    _ = try tmux.waitUntil("a wider screen") { $0.contains("up ") && $0.contains("F10 Quit") }
    try tmux.resize(width: 40, height: 10)
    _ = try tmux.waitUntil("a small screen") {
      !$0.contains("Mem[") && $0.contains("PID") && $0.contains("F10 Quit")
    }
    try tmux.resize(width: 30, height: 5)
    _ = try tmux.waitFor("crtop needs 40x10")
    try tmux.resize(width: 80, height: 24)
    _ = try tmux.waitFor("Mem[")
  }

  @Test(arguments: [(SIGTERM, 143), (SIGHUP, 129), (SIGINT, 130)])
  func signalsEndItAndTheTerminalIsRestored(signal: Int32, status: Int) throws {
    let tmux = try Tmux(width: 80, height: 24)
    try start(tmux)
    kill(try tmux.child(), signal)
    _ = try tmux.waitFor("status \(status)")
    _ = try modesAsTheyWere(tmux)
  }

  @Test(arguments: [(SIGSEGV, 139), (SIGABRT, 134), (SIGILL, 132), (SIGBUS, 135)])
  func evenAFaultRestoresTheTerminal(signal: Int32, status: Int) throws {
    let tmux = try Tmux(width: 80, height: 24)
    try tmux.command("ulimit -c 0")
    try start(tmux)
    #expect(try tmux.modes() == "other=1 mouse=1 cursor=0\n")
    kill(try tmux.child(), signal)
    _ = try tmux.waitFor("status \(status)")
    #expect(try tmux.modes() == "other=0 mouse=0 cursor=1\n")
    #expect(try !modesAsTheyWere(tmux).contains("F10 Quit"))
  }

  @Test func stopsAndGoesOn() throws {
    let tmux = try Tmux(width: 80, height: 24)
    try tmux.command(Programs.crtop)
    _ = try tmux.waitFor("F10 Quit")
    try tmux.keys("C-z")
    _ = try tmux.waitFor("Stopped")
    try tmux.command("fg")
    _ = try tmux.waitUntil("the screen again") { $0.contains("F10 Quit") && !$0.contains("Stopped") }
    try tmux.keys("h")
    _ = try tmux.waitFor("─ Help ")
  }

  /// A dialog that is open is still there, with what was typed, and takes keys.
  @Test func stopsAndGoesOnWithADialogOpen() throws {
    let tmux = try Tmux(width: 80, height: 24)
    try tmux.command("sleep 7400 & clear; \(Programs.crtop) $!")
    _ = try tmux.waitFor("sleep (")
    try tmux.keys("D")
    _ = try tmux.waitFor("─ Checkpoint ")
    try tmux.keys("Tab", "Tab", "C-u")
    try tmux.keys("-l", "/nowhere/x")
    _ = try tmux.waitFor("Place not usable")
    try tmux.keys("C-z")
    _ = try tmux.waitFor("Stopped")
    #expect(try tmux.modes() == "other=0 mouse=0 cursor=1\n")
    try tmux.command("fg")
    _ = try tmux.waitUntil("the dialog again") { $0.contains("─ Checkpoint ") && $0.contains("/nowhere/x") }
    try tmux.keys("-l", "yz")
    _ = try tmux.waitFor("/nowhere/xyz")
    try tmux.keys("Escape")
    _ = try tmux.waitFor("F10 Quit")
    try tmux.keys("q")
    _ = try tmux.waitUntil("the shell") { !$0.contains("F10 Quit") }
    try tmux.command("kill %1")
  }

  @Test(arguments: [
    ("env TERM=dumb", "TERM=dumb"), ("env -u TERM", "(not set)"), ("env TERM=nonsense", "TERM=nonsense"),
  ])
  func unusableTerminalsAreRefused(prefix: String, reason: String) throws {
    let tmux = try Tmux(width: 100, height: 24)
    try tmux.command("\(prefix) \(Programs.crtop); echo status $?")
    let text = try tmux.waitFor("status 1")
    #expect(text.contains("the screen cannot be shown") && text.contains(reason))
  }

  @Test func aPipeIsNoTerminal() throws {
    let tmux = try Tmux(width: 100, height: 24)
    try tmux.command("\(Programs.crtop) < /dev/null | cat; echo status ${PIPESTATUS[0]}")
    let text = try tmux.waitFor("status 1")
    #expect(text.contains("not a terminal"))
  }

  @Test func theMouseWorksTheFunctionBar() throws {
    let tmux = try Tmux(width: 80, height: 24)
    try tmux.command(Programs.crtop)
    let text = try tmux.waitFor("F10 Quit")
    let bar = try #require(text.split(separator: "\n").last)
    let place = try #require(bar.ranges(of: "F1 Help").first)
    let column = bar.distance(from: bar.startIndex, to: place.lowerBound)
    // A press of the first button as this terminal type reports it: Esc [ M, then 32 + button, column and row from 1.
    let report = [0x1b, 0x5b, 0x4d, 32, 32 + column + 2, 32 + 24].map { String($0, radix: 16) }
    try tmux.keys(["-H"] + report)
    _ = try tmux.waitFor("─ Help ")
  }

  @Test func asciiWhereTheLocaleSaysSo() throws {
    let tmux = try Tmux(width: 80, height: 24)
    try tmux.command("LC_ALL=C NO_COLOR=1 \(Programs.crtop)")
    let text = try tmux.waitFor("F10 Quit")
    let drawn = text.split(separator: "\n").filter { $0.contains("bash") || $0.contains("COMMAND") }
    #expect(!drawn.isEmpty && drawn.allSatisfy { $0.unicodeScalars.allSatisfy { $0.isASCII } })
  }

  /// Eight colours, many, and none; with another screen for programs, and without.
  @Test(arguments: ["xterm", "xterm-256color", "linux", "vt100"])
  func terminalsOfAllKinds(type: String) throws {
    let tmux = try Tmux(width: 80, height: 24)
    for theme in Theme.allCases {
      let directory = "/tmp/crtop-test-theme-\(ownPid())"
      let file = ConfigurationFile(path: directory + "/crtop/config.toml")
      defer { for name in ["crtop/config.toml", "crtop", ""] { removeAny("\(directory)/\(name)") } }
      var configuration = Configuration()
      configuration.theme = theme
      try file.save(["theme"], of: configuration)
      try tmux.command("clear; TERM=\(type) XDG_CONFIG_HOME=\(directory) \(Programs.crtop)")
      let text = try tmux.waitFor("F10 Quit")
      #expect(text.contains("COMMAND") && !text.contains("[0m") && !text.contains("config.toml"))
      try tmux.keys("q")
      _ = try tmux.waitUntil("the shell") { $0.contains("ready>") && !$0.contains("F10 Quit") }
    }
  }

  @Test func faultsOfTheConfigurationAreShown() throws {
    let directory = "/tmp/crtop-test-faults-\(ownPid())"
    let tmux = try Tmux(width: 120, height: 24)
    defer { for name in ["crtop/config.toml", "crtop", ""] { removeAny("\(directory)/\(name)") } }
    try tmux.command(
      "mkdir -p \(directory)/crtop; printf 'refresh = 1\\ncolour = 3\\n' > \(directory)/crtop/config.toml; clear")
    try tmux.command("XDG_CONFIG_HOME=\(directory) \(Programs.crtop)")
    _ = try tmux.waitFor("/crtop/config.toml:2: there is no setting 'colour'")
  }

  @Test func readOnlyFromTheCommandLine() throws {
    let tmux = try Tmux(width: 100, height: 24)
    try tmux.command("\(Programs.crtop) --readonly")
    _ = try tmux.waitFor("read-only")
    for key in ["D", "z", "k"] {
      try tmux.keys(key)
      _ = try tmux.waitFor("read-only: ")
      try tmux.keys("Escape")
      _ = try tmux.waitUntil("no message") { !$0.contains("read-only: ") && $0.contains("Quit") }
    }
  }

  @Test func wideNamesKeepTheirColumns() throws {
    let tmux = try Tmux(width: 100, height: 24)
    // Ideographs of two columns, an accent that stands on its letter, a picture.
    try tmux.command("bash -c 'exec -a $'\\''\\u4e16\\u754cE\\u0301\\U1f642x'\\'' sleep 7100' &")
    try tmux.command("clear; \(Programs.crtop) $!")
    let text = try tmux.waitUntil("the name") { $0.contains("\u{4e16}\u{754c}E\u{301}\u{1f642}x 7100") }
    #expect(!text.contains("\u{4e16}\u{754c}E?"))
    try tmux.keys("-l", "q")
    _ = try tmux.waitUntil("the shell") { !$0.contains("F10 Quit") }
    try tmux.command("kill %1")
  }

  @Test func keysReachTheScreen() throws {
    let tmux = try Tmux(width: 100, height: 30)
    try tmux.command("\(Programs.crtop)")
    _ = try tmux.waitFor("F10 Quit")
    let own = try tmux.child()
    try tmux.keys("/")
    _ = try tmux.waitFor("Search:")
    try tmux.keys("-l", "\(own)")
    try tmux.keys("Enter")
    _ = try tmux.waitFor("crtop (\(own)): 1 task")
    try tmux.keys("D")
    _ = try tmux.waitFor("this crtop is one of its descendants")
    // A sequence that no description knows must not act as its letters.
    try tmux.keys("Escape")
    _ = try tmux.waitUntil("no dialog") { !$0.contains("Checkpoint ─") }
    try tmux.keys("-H", "1b", "5b", "31", "3b", "35", "52")
    try tmux.keys("h")
    let help = try tmux.waitFor("─ Help ")
    #expect(!help.contains("Images"))
  }
}
