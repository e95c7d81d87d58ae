import Glibc
import SystemCalls
import TestSupport
import Testing

/// The mouse as an xterm reports it (SGR, mode 1006), on the real program.
@Suite(.serialized, .timeLimit(.minutes(2)), .enabled(if: Tmux.isAvailable, "needs tmux"))
struct MouseOnScreenTests {
  private let tmux: Tmux
  private let number = Int.random(in: 100_000..<1_000_000)

  init() throws {
    tmux = try Tmux(width: 100, height: 30)
    // Others may run such programs too: the filter leaves ours and their ancestors.
    try tmux.command("sleep \(number)1 & sleep \(number)2 & sleep \(number)3 & clear")
    try tmux.command("env -u XDG_CONFIG_HOME HOME=/nonexistent TERM=xterm-256color \(Programs.crtop) $!")
    _ = try tmux.waitUntil("the jobs") { screen in
      screen.contains("F10 Quit") && screen.contains("sleep \(number)1") && Self.hint(screen).hasPrefix("sleep (")
    }
    try tmux.keys("\\")
    try tmux.keys("-l", "sleep \(number)")
    try tmux.keys("Enter")
    _ = try tmux.waitUntil("the filter") { $0.contains("filter sleep") && $0.contains("F10 Quit") }
  }

  @Test func rowsAreSelectedAndFolded() throws {
    let first = try place(of: "sleep \(number)1")
    try click(first)
    let sleeper = try #require(Int32(first.line.split(separator: " ").first ?? ""))
    _ = try tmux.waitUntil("the row to be selected") { Self.hint($0).hasPrefix("sleep (\(sleeper))") }
    // A press of another button and a release do nothing.
    try report(2, try place(of: "sleep \(number)3"), "M")
    try report(0, try place(of: "sleep \(number)3"), "m")
    let shell = try place(of: "bash --norc")
    try click(shell)
    _ = try tmux.waitUntil("the shell to be selected") { Self.hint($0).hasPrefix("bash (") }
    // A filter shows what is folded.
    try tmux.keys("Escape", "Escape")
    _ = try tmux.waitUntil("no filter") { !$0.contains("filter sleep") }
    let pid = try #require(Int32(shell.line.split(separator: " ").first ?? ""))
    // Within the time of a double click since the last one, the first of these is its second, else the other is.
    let row = try place(of: "\(pid) ")
    try click(row)
    try click(row)
    _ = try tmux.waitUntil("a fold") { $0.contains("[+") && !$0.contains("sleep \(number)1") }
  }

  /// What crtop has no use for either: other buttons, a wheel's other direction, movement. The screen goes on by itself.
  @Test func noEventHoldsTheScreenUp() throws {
    let row = try place(of: "sleep \(number)1")
    for (index, button) in [0, 1, 2, 4, 16, 32, 35, 66, 67, 128].enumerated() {
      for end in ["M", "m"] { try report(button, row, end) }
      let job = try ChildProcess("/usr/bin/sleep", ["\(number)5\(index)"])
      _ = try tmux.waitFor("sleep \(number)5\(index)")
      job.kill(SIGKILL)
      try job.wait()
    }
  }

  @Test func titlesSortAndTheWheelMoves() throws {
    try click("MEM")
    _ = try tmux.waitFor("MEM▼")
    try click("MEM▼")
    _ = try tmux.waitFor("MEM▲")
    try click("PID")
    _ = try tmux.waitFor("PID▲")
    let before = Self.hint(try tmux.screen())
    let row = try place(of: "sleep \(number)1")
    try report(64, row, "M")
    _ = try tmux.waitUntil("another row") { Self.hint($0) != before }
    try report(65, row, "M")
    _ = try tmux.waitUntil("the row of before") { Self.hint($0) == before }
  }

  @Test func theFunctionBarAndDialogsButtons() throws {
    try click("F1 Help")
    _ = try tmux.waitFor("─ Help ")
    let title = try tmux.screen().split(separator: "\n")[1]
    try report(65, try place(of: "─ Help "), "M")
    _ = try tmux.waitUntil("help to be scrolled") { $0.split(separator: "\n")[1] != title }
    try click("Esc Back")
    _ = try tmux.waitFor("F10 Quit")
    try click("D Checkpoint")
    _ = try tmux.waitUntil("the dialog with its answer") { $0.contains("─ Checkpoint ") && $0.contains("Check passed") }
    try choose("kill")
    try choose("zstd")
    // Beside everything: nothing happens.
    try click((row: 1, column: 1, line: ""))
    try click("[ Cancel ]")
    _ = try tmux.waitFor("F10 Quit")
    try click("F9 Signal")
    _ = try tmux.waitFor("─ Signal to ")
    // The first click selects, the second chooses. What comes as the menu opens is dropped: then it takes a third.
    let entry = try place(of: "18 SIGCONT")
    _ = try eventually("the signal to be sent", every: 300_000) { () -> Bool? in
      if try tmux.screen().contains("─ Signal to ") { try click(entry) }
      return try tmux.screen().contains("SIGCONT sent to sleep (") ? true : nil
    }
  }

  // MARK: Parts

  /// Clicks on a choice of a dialog until it is made: answers of the checks may move it at the moment of a click.
  private func choose(_ name: String) throws {
    _ = try eventually("\(name) to be chosen", every: 300_000) { () -> Bool? in
      let screen = try tmux.screen()
      if screen.contains("(•) \(name)") { return true }
      if screen.contains("( ) \(name)") { try click("( ) \(name)") }
      return nil
    }
  }

  private typealias Place = (row: Int, column: Int, line: String)

  /// The line above the function bar.
  private static func hint(_ screen: String) -> String {
    String(screen.split(separator: "\n", omittingEmptySubsequences: false).dropLast().dropLast().last ?? "")
  }

  /// Where a text stands on the screen, from 1, as terminals count.
  private func place(of text: String) throws -> Place {
    let screen = try tmux.waitFor(text)
    let lines = screen.split(separator: "\n", omittingEmptySubsequences: false)
    let row = try #require(lines.firstIndex { $0.contains(text) })
    let range = try #require(lines[row].ranges(of: text).first)
    return (row + 1, lines[row].distance(from: lines[row].startIndex, to: range.lowerBound) + 1, String(lines[row]))
  }

  private func click(_ text: String) throws { try click(try place(of: text)) }

  private func click(_ place: Place) throws {
    try report(0, place, "M")
    try report(0, place, "m")
  }

  /// `ESC [ < button ; column ; row`, then `M` for a press or `m` for a release.
  private func report(_ button: Int, _ place: Place, _ end: String) throws {
    let bytes = Array("\u{1b}[<\(button);\(place.column + (button < 64 ? 1 : 0));\(place.row)\(end)".utf8)
    try tmux.keys(["-H"] + bytes.map { String($0, radix: 16) })
  }
}
