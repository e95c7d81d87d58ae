/// Defines `PseudoTerminal`: an interactive shell on a terminal of its own, and the keys and the screen of a user.

import SystemCalls
import TestSupport

/// A shell with job control.
final class PseudoTerminal {
  private let terminal: ProgramOnTerminal
  private var screen: [UInt8] = []

  /// - Parameter sandbox: whose environment the shell and its jobs get.
  init(in sandbox: Sandbox, size: (rows: UInt16, columns: UInt16)? = nil) throws {
    terminal = try ProgramOnTerminal(
      ["/bin/bash", "--norc", "--noprofile", "--noediting", "-i"], environment: sandbox.environment, size: size)
  }

  var shell: ChildProcess { terminal.program }

  func type(_ text: String) throws { try terminal.type(text) }

  /// Waits until the text is on the screen, after what was waited for before; returns the rest of its line.
  @discardableResult
  func expect(_ text: String) throws -> String {
    try eventually("'\(text)' on the screen") { () -> String? in
      self.screen += self.terminal.read()
      let seen = String(decoding: self.screen, as: UTF8.self)
      guard let found = seen.firstRange(of: text), let end = seen[found.upperBound...].firstIndex(of: "\r\n") else {
        return nil
      }
      let rest = String(seen[found.upperBound..<end])
      self.screen = Array(seen[end...].utf8)
      return rest
    }
  }

  /// The foreground process group.
  var foregroundGroup: Int32 { Int32(StatLine("/proc/\(shell.pid)/stat")?.field(8) ?? 0) }
}
