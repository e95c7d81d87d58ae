/// Defines `PseudoTerminal`: an interactive shell on a terminal of its own, and the keys and the screen of a user.

internal import CLinux
internal import Glibc
import SystemCalls
import TestSupport

/// A shell with job control.
final class PseudoTerminal {
  let shell: ChildProcess
  private let keyboard: OwnedDescriptor
  private var screen: [UInt8] = []

  /// - Parameter sandbox: whose environment the shell and its jobs get.
  init(in sandbox: Sandbox) throws {
    // Never our controlling terminal: its end would be ours.
    let flags = O_RDWR | O_NOCTTY
    let number = try systemCall { posix_openpt(flags | O_CLOEXEC | O_NONBLOCK) }
    keyboard = OwnedDescriptor(adopting: number)
    _ = try systemCall { grantpt(number) }
    _ = try systemCall { unlockpt(number) }
    guard let name = unsafe ptsname(number) else { throw TestFailure("the terminal has no name") }
    let terminal = try OwnedDescriptor.open(unsafe String(cString: name), flags)
    var streams = ChildProcess.Streams()
    streams.inputDescriptor = terminal.number
    streams.outputDescriptor = terminal.number
    shell = try ChildProcess(
      "/usr/bin/setsid", ["--ctty", "/bin/bash", "--norc", "--noprofile", "--noediting", "-i"], streams: streams,
      environment: sandbox.environment, ownSession: false)
  }

  /// What a user types; `\u{3}` is Ctrl-C.
  func type(_ text: String) throws {
    let bytes = Array(text.utf8)
    let written = try systemCall {
      unsafe bytes.withUnsafeBytes { unsafe write(keyboard.number, $0.baseAddress, $0.count) }
    }
    guard written == bytes.count else { throw TestFailure("the terminal takes no more input") }
  }

  /// Waits until the text is on the screen, after what was waited for before; returns the rest of its line.
  @discardableResult
  func expect(_ text: String) throws -> String {
    try eventually("'\(text)' on the screen") { () -> String? in
      self.readScreen()
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

  private func readScreen() {
    var bytes = [UInt8](repeating: 0, count: 4096)
    while let got = try? systemCall({
      unsafe bytes.withUnsafeMutableBytes { unsafe read(keyboard.number, $0.baseAddress, $0.count) }
    }), got > 0 {
      screen += bytes.prefix(got)
    }
  }
}
