import CheckpointRestart
import ProcessTree
import SystemCalls
import Synchronization
import Testing
import TerminalUI

/// Every dialog on the smallest screen: the buttons are there, the text can be scrolled through, Cancel is focused
/// where something would be stopped or deleted.
@Suite struct SmallDialogsTests {
  private struct Case: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var isDestructive = true
    var expected: [String]
    var open: @Sendable (Screen) -> Void
  }

  private static let cases: [Case] = [
    Case(testDescription: "checkpoint", isDestructive: false, expected: ["python3 (100)", "Check passed", "about"]) {
      $0.type("100")
      $0.press(.character("D"))
    },
    Case(testDescription: "many losses", isDestructive: false, expected: ["its clock goes back", "its core-dump flag"])
    {
      screen in
      screen.engine.state.withLock {
        $0.report.problems = AcceptedLoss.allCases.map {
          Problem(errno: .notSupported, what: "it", why: "so", remedy: "accept that: \($0.flag)")
        }
      }
      screen.type("100")
      screen.press(.character("D"))
    },
    Case(testDescription: "kill", expected: ["python3", "4 tasks", "KILLED", "/images/python3-100.crtop"]) {
      $0.type("100")
      $0.press(.character("D"))
      $0.catchUp()
      $0.press(.backTab, .backTab, .right, .right, .enter, .enter)
    },
    Case(testDescription: "freeze", expected: ["python3 (100)", "4 tasks", "thawed"]) {
      $0.type("100")
      $0.press(.character("z"))
    },
    Case(testDescription: "signal to init", expected: ["init (1)", "type its name"]) {
      $0.type("1")
      $0.press(.character("k"), .down, .enter)
    },
    Case(testDescription: "quit", expected: ["python3 (100)", "cancelled and undone"]) {
      $0.type("100")
      $0.press(.character("D"))
      $0.catchUp()
      $0.press(.enter, .character("q"))
    },
    Case(testDescription: "delete several", expected: ["/images/a.crtop", "/images/b.crtop", "cannot be restarted"]) {
      screen in
      screen.images.entries.withLock {
        $0 = ["a", "b"].map { ImageEntry(path: "/images/\($0).crtop", time: 1, bytes: 1, command: $0, tasks: 2) }
      }
      screen.press(.character("R"))
      screen.catchUp()
      screen.press(.character(" "), .character(" "), .delete)
    },
    Case(testDescription: "save errors", isDestructive: false, expected: ["All 1 error", "crtop-errors"]) {
      $0.app.errors.add(socketProblem, during: "test", time: 1)
      $0.press(.character("E"), .character("s"), .up, .control("a"))
    },
  ]

  @Test(arguments: cases) private func fits(_ dialog: Case) throws {
    let screen = Screen(width: 40, height: 10)
    dialog.open(screen)
    screen.catchUp()
    let form = try #require(screen.app.overlays.last as? Form)
    #expect(screen.text.contains("[ Cancel ]"))
    if dialog.isDestructive { #expect(screen.roles(of: "[ Cancel ]") == [.buttonFocused]) }
    var seen = screen.text
    for _ in 0..<30 {
      screen.press(.pageDown)
      seen += "\n" + screen.text
    }
    // And past all controls.
    for _ in form.controls {
      screen.press(.up)
      seen += "\n" + screen.text
    }
    let words = Screen.words(of: seen)
    for text in dialog.expected { #expect(words.contains(text), "\(text) in\n\(seen)") }
    #expect(screen.text.contains("[ Cancel ]"))
    screen.press(.escape)
    #expect(!screen.app.overlays.contains { $0 === form })
  }
}
