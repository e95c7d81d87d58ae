import Glibc
import SystemCalls
import TestSupport
import Testing
import TerminalUI

private func isThere(_ path: String) -> Bool { unsafe access(path, X_OK) == 0 }

/// The colours that a terminal really receives, by its type and by NO_COLOR.
@Suite(.serialized, .timeLimit(.minutes(1))) struct ColourTests {
  /// What the numbers of `ESC [ ... m` ask for.
  private enum Colours: Hashable { case eight, bright, indexed }

  @Test(arguments: Theme.allCases) func eight(theme: Theme) throws {
    for type in ["xterm", "linux"] {
      let used = try colours(["TERM": type], theme)
      #expect(used == (theme == .mono ? [] : [.eight]), "\(type): \(used)")
    }
  }

  /// Few systems describe a terminal of sixteen colours: this one is made of another.
  @Test(.enabled(if: isThere("/usr/bin/tic"), "needs tic(1)"), arguments: Theme.allCases)
  func sixteen(theme: Theme) throws {
    let sandbox = try Sandbox()
    try writeFile(sandbox["source"], "sixteen|of 16 colours,\n\tcolors#16, pairs#256, use=xterm-256color,\n")
    let made = try sandbox.run("/usr/bin/tic", ["-x", "-o", sandbox.path, sandbox["source"]])
    #expect(made.status == .exited(0), "\(made.summary)")
    let used = try colours(["TERM": "sixteen", "TERMINFO": sandbox.path], theme)
    #expect(theme == .mono ? used.isEmpty : used.contains(.bright) && !used.contains(.indexed), "\(used)")
  }

  @Test func many() throws {
    #expect(try colours(["TERM": "xterm-256color"], .standard).contains(.indexed))
  }

  @Test(arguments: Theme.allCases) func none(theme: Theme) throws {
    #expect(try colours(["TERM": "xterm-256color", "NO_COLOR": "1"], theme) == [])
    #expect(try colours(["TERM": "vt100"], theme) == [])
  }

  /// Runs crtop through its screens, and looks at what it has sent.
  private func colours(_ environment: [String: String], _ theme: Theme) throws -> Set<Colours> {
    let sandbox = try Sandbox()
    let file = ConfigurationFile(path: sandbox["crtop/config.toml"])
    var configuration = Configuration()
    configuration.theme = theme
    try file.save(["theme"], of: configuration)
    var environment = environment.merging(["LC_ALL": "C.UTF-8", "XDG_CONFIG_HOME": sandbox.path]) { $1 }
    environment["NO_COLOR"] = environment["NO_COLOR"] ?? ""
    let crtop = try ProgramOnTerminal(
      [Programs.crtop], environment: environment.merging(sandbox.environment) { $1 }, size: (30, 120))
    var sent: [UInt8] = []
    func wait(for text: String) throws {
      let start = sent.count
      try waitUntil("'\(text)'") {
        sent += crtop.read(milliseconds: 20)
        return String(decoding: sent[start...], as: UTF8.self).contains(text)
      }
    }
    try wait(for: "Quit")
    try crtop.type("S")
    try wait(for: "Theme: \(theme.rawValue)")
    try crtop.type("q")
    try wait(for: "Quit")
    try crtop.type("q")
    _ = try crtop.program.wait()
    return Self.colours(in: sent)
  }

  private static func colours(in sent: [UInt8]) -> Set<Colours> {
    var found: Set<Colours> = []
    for sequence in String(decoding: sent, as: UTF8.self).split(separator: "\u{1b}[") {
      let numbers = sequence.prefix { $0.isNumber || $0 == ";" }
      guard sequence.dropFirst(numbers.count).first == "m" else { continue }
      let parts = numbers.split(separator: ";").compactMap { Int($0) }
      if parts.contains(38) || parts.contains(48) {
        found.insert(.indexed)
        continue
      }
      for part in parts {
        if 30...37 ~= part || 40...47 ~= part { found.insert(.eight) }
        if 90...97 ~= part || 100...107 ~= part { found.insert(.bright) }
      }
    }
    return found
  }
}
