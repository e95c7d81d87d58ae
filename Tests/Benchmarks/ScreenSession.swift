/// Defines `ScreenSession`: crtop's screen on a terminal of its own, and when it says what.

import SystemCalls
import TestSupport

/// Ends crtop when it goes.
final class ScreenSession {
  private let terminal: ProgramOnTerminal
  private var output: [UInt8] = []
  /// Everything up to here has been looked at.
  private var seen = 0

  init(_ arguments: [String], width: UInt16, height: UInt16, in sandbox: Sandbox) throws {
    terminal = try ProgramOnTerminal(
      [Programs.crtop] + arguments,
      environment: sandbox.environment.merging(["TERM": "xterm-256color", "LC_ALL": "C.UTF-8"]) { $1 },
      size: (rows: height, columns: width))
  }

  /// Types; what came before is no answer to it.
  func press(_ keys: String) throws {
    read(milliseconds: 0)
    seen = output.count
    try terminal.type(keys)
  }

  /// Waits until a text comes after the last key.
  func wait(for text: String, seconds: Double = 30) throws {
    let end = monotonicMicroseconds() + Int64(seconds * 1e6)
    while !hasCome(text) {
      guard monotonicMicroseconds() < end else { throw TestFailure("'\(text)' did not come to the screen") }
      read(milliseconds: 100)
    }
  }

  /// Whether a text has come at any time.
  func hasShown(_ text: String) -> Bool {
    read(milliseconds: 0)
    return output.firstRange(of: Array(text.utf8)) != nil
  }

  private func hasCome(_ text: String) -> Bool {
    guard let found = output[seen...].firstRange(of: Array(text.utf8)) else { return false }
    seen = found.upperBound
    return true
  }

  private func read(milliseconds: Int32) { output += terminal.read(milliseconds: milliseconds) }

  /// Quits and waits for the end.
  func quit() throws {
    try press("q")
    try terminal.program.wait()
  }
}
