import ProcessTree
import Synchronization
import SystemCalls
import Testing
import TerminalUI

@Suite struct SignalTests {
  private func sent(_ screen: Screen) -> [String] {
    screen.signals.sent.withLock { $0.map { "\($0.0.name) \($0.1.pid)" } }
  }

  @Test(arguments: [(40, 10), (80, 24), (200, 50)])
  func theMenuNamesAndExplainsThemAll(width: Int, height: Int) {
    let screen = Screen(width: width, height: height)
    screen.type("101")
    screen.press(.character("k"))
    var seen = screen.text
    for _ in 0..<32 {
      screen.press(.down)
      seen += "\n" + screen.text
    }
    for signal in SignalNumber.standard { #expect(seen.contains(signal.name), "\(signal.name)") }
    #expect(seen.contains("asks it to end") && seen.contains("ends at once"))
  }

  @Test func cancelStandsFirst() {
    let screen = Screen()
    screen.type("101")
    screen.press(.character("k"), .enter)
    #expect(sent(screen).isEmpty && screen.app.overlays.isEmpty)
    screen.press(.character("k"), .down, .enter)
    #expect(sent(screen) == ["SIGTERM 101"])
  }

  /// As in htop; and by name, with or without SIG.
  @Test(arguments: [
    ("9", "SIGKILL"), ("1", "SIGHUP"), ("15", "SIGTERM"), ("2", "SIGINT"), ("29", "SIGIO"), ("hup", "SIGHUP"),
    ("USR2", "SIGUSR2"), ("sigquit", "SIGQUIT"), ("quit", "SIGQUIT"), ("st", "SIGSTOP"),
  ])
  func numbersAndNamesChoose(typed: String, signal: String) {
    let screen = Screen()
    screen.type("101")
    screen.press(.character("k"))
    screen.type(typed)
    #expect(screen.text.contains("─ \(typed.lowercased()) ─"))
    screen.press(.enter)
    #expect(sent(screen) == ["\(signal) 101"])
  }

  /// 6 is one, 64 is not in the menu: what half of it has led to must not be sent.
  @Test(arguments: ["64", "0", "xyz"])
  func whatIsNoSignalLeadsToCancel(typed: String) {
    let screen = Screen()
    screen.type("101")
    screen.press(.character("k"))
    screen.type(typed)
    screen.press(.enter)
    #expect(sent(screen).isEmpty && screen.app.overlays.isEmpty)
  }

  /// After a while typing begins anew; so it does after a move.
  @Test func whatWasTypedBeforeIsForgotten() {
    let screen = Screen()
    screen.type("101")
    screen.press(.character("k"), .character("1"))
    screen.clock.advance(3)
    screen.press(.character("5"), .down, .up, .character("9"), .enter)
    #expect(sent(screen) == ["SIGKILL 101"])
  }

  /// Init, this program (900) and the shell that it runs in.
  @Test(arguments: [(1, "init"), (200, "bash"), (900, "crtop")])
  func whatKeepsUsAliveNeedsItsNameTyped(pid: Int, name: String) {
    let screen = Screen()
    screen.type("\(pid)")
    screen.press(.character("k"), .down, .enter)
    #expect(sent(screen).isEmpty)
    #expect(screen.roles(of: "[ Cancel ]") == [.buttonFocused])
    #expect(screen.text.contains("type its name: \(name)"))
    // Without the name the other button does nothing.
    screen.press(.left, .enter)
    #expect(sent(screen).isEmpty)
    screen.press(.up)
    screen.type(name)
    screen.press(.enter, .enter)
    #expect(sent(screen) == ["SIGTERM \(pid)"])
    #expect(screen.app.overlays.isEmpty)
  }

  @Test func aSignalThatDoesNoHarmNeedsNoName() {
    let screen = Screen()
    screen.type("1")
    // SIGCONT is the sixth of the usual ones.
    screen.press(.character("k"), .down, .down, .down, .down, .down, .down, .enter)
    #expect(sent(screen) == ["SIGCONT 1"])
  }

  @Test func toReniceInitNeedsItsName() {
    let screen = Screen()
    screen.type("1")
    screen.press(.character("["))
    #expect(screen.signals.niced.withLock { $0.isEmpty })
    #expect(screen.text.contains("type its name: init"))
    screen.press(.left, .enter, .up)
    screen.type("init")
    screen.press(.enter, .enter)
    #expect(screen.signals.niced.withLock { $0.map { "\($0.0) \($0.1)" } } == ["1 1"])
  }

  @Test func reniceTellsWhyNot() {
    let screen = Screen()
    screen.type("101")
    // Twice between two snapshots.
    screen.press(.character("["), .character("["))
    #expect(screen.signals.niced.withLock { $0.map { "\($0.0) \($0.1)" } } == ["1 101", "2 101"])
    #expect(screen.text.contains("nice value of worker (101): 2"))
    screen.signals.problem.withLock { $0 = .permissionDenied }
    screen.press(.character("]"))
    #expect(screen.text.contains("its nice value cannot be changed by -1"))
    #expect(screen.app.errors.entries.first?.problem.remedy.contains("CAP_SYS_NICE") == true)
  }

  @Test func readOnlySendsAndRenicesNothing() {
    let screen = Screen(readOnly: true)
    screen.type("101")
    screen.press(.character("k"), .character("["), .function(7), .character("D"), .character("z"))
    #expect(screen.app.overlays.isEmpty && sent(screen).isEmpty)
    #expect(screen.signals.niced.withLock { $0.isEmpty })
  }
}
