import Glibc
import SystemCalls
import Testing
import TerminalUI

@Suite struct ErrorLogTests {
  @Test func theTextHasEverything() {
    var log = ErrorLog()
    log.add(socketProblem, during: "checkpoint of python3 (100)", time: 1_700_000_000)
    for part in [
      "checkpoint of python3 (100)", "task:   worker (101)", "what:   descriptor 5 is a socket",
      "why:    its peer is outside the subtree [EBUSY]", "remedy: close the connection", "2023-11-1",
    ] { #expect(log.text.contains(part), "\(part)") }
  }

  /// Whoever opens the list has not read them yet, as those of the configuration; later the newest are in sight.
  @Test func theListBeginsWithWhatNobodyHasSeen() {
    let screen = Screen()
    for number in 0..<40 { screen.app.errors.add(socketProblem, during: "line \(number) of it", time: 1) }
    screen.press(.character("E"))
    #expect(screen.text.contains("line 0 of it") && !screen.text.contains("line 39 of it"))
    screen.press(.escape, .character("E"))
    #expect(!screen.text.contains("line 0 of it") && screen.text.contains("line 39 of it"))
    screen.press(.escape)
    for number in 40..<80 { screen.app.errors.add(socketProblem, during: "line \(number) of it", time: 1) }
    screen.press(.character("E"))
    #expect(screen.text.split(separator: "\n")[1].contains("line 40 of it"))
  }

  @Test func itIsSavedIntoANewFileOnly() throws {
    let path = "/tmp/crtop-errors-test-\(getpid())"
    defer { unsafe _ = unlink(path) }
    let screen = Screen()
    screen.press(.character("E"), .character("s"))
    #expect(screen.app.overlays.count == 1 && screen.text.contains("nothing to save"))
    screen.app.errors.add(socketProblem, during: "test", time: 1)
    screen.press(.character("s"), .up, .control("u"))
    screen.type(path)
    screen.press(.enter, .enter)
    #expect(screen.text.contains("1 error saved to \(path)"))
    #expect(try readText(path) == screen.app.errors.text)
    // A second time the file is there already, and stays as it is.
    let before = try readText(path)
    screen.app.errors.add(socketProblem, during: "again", time: 2)
    screen.press(.character("s"), .up, .control("u"))
    screen.type(path)
    screen.press(.enter, .enter)
    #expect(try readText(path) == before)
    #expect(screen.text.contains("cannot write \(path)"))
  }
}
