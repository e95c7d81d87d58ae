/// Defines `ScreenSession`: crtop's screen on a terminal of its own, and when it says what.

internal import CLinux
internal import Glibc
import SystemCalls
import TestSupport

/// Ends crtop when it goes.
final class ScreenSession {
  private let keyboard: OwnedDescriptor
  private let program: ChildProcess
  private var output: [UInt8] = []
  /// Everything up to here has been looked at.
  private var seen = 0

  init(_ arguments: [String], width: UInt16, height: UInt16, in sandbox: Sandbox) throws {
    let number = try systemCall { posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK) }
    keyboard = OwnedDescriptor(adopting: number)
    _ = try systemCall { grantpt(number) }
    _ = try systemCall { unlockpt(number) }
    guard let name = unsafe ptsname(number) else { throw TestFailure("the terminal has no name") }
    let terminal = try OwnedDescriptor.open(unsafe String(cString: name), O_RDWR | O_NOCTTY)
    var size = winsize(ws_row: height, ws_col: width, ws_xpixel: 0, ws_ypixel: 0)
    _ = try unsafe withUnsafePointer(to: &size) { pointer throws(Errno) in
      try rawSystemCall(Int(SYS_ioctl), Int(terminal.number), Int(TIOCSWINSZ), Int(bitPattern: pointer))
    }
    var streams = ChildProcess.Streams()
    (streams.inputDescriptor, streams.outputDescriptor) = (terminal.number, terminal.number)
    program = try ChildProcess(
      "/usr/bin/setsid", ["--ctty", Programs.crtop] + arguments, streams: streams,
      environment: sandbox.environment.merging(["TERM": "xterm-256color", "LC_ALL": "C.UTF-8"]) { $1 })
  }

  /// Types; what came before is no answer to it.
  func press(_ keys: String) throws {
    read(milliseconds: 0)
    seen = output.count
    let bytes = Array(keys.utf8)
    _ = try systemCall { unsafe bytes.withUnsafeBytes { unsafe write(keyboard.number, $0.baseAddress, $0.count) } }
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

  private func read(milliseconds: Int32) {
    var watched = pollfd(fd: keyboard.number, events: Int16(POLLIN), revents: 0)
    unsafe _ = poll(&watched, 1, milliseconds)
    var bytes = [UInt8](repeating: 0, count: 65536)
    while let got = try? systemCall({
      unsafe bytes.withUnsafeMutableBytes { unsafe CLinux.read(keyboard.number, $0.baseAddress, $0.count) }
    }), got > 0 { output += bytes.prefix(got) }
  }

  /// Quits and waits for the end.
  func quit() throws {
    try press("q")
    try program.wait()
  }
}
