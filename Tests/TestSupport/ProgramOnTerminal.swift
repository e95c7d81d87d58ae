/// Defines `ProgramOnTerminal`: a program on a pseudo-terminal of its own, whose keyboard and screen the test has.

internal import CLinux
internal import Glibc
internal import SystemCalls

package final class ProgramOnTerminal {
  package let program: ChildProcess
  private let keyboard: OwnedDescriptor

  /// - Parameters:
  ///   - command: the program's path, or its name where the environment has a PATH, and its arguments.
  ///   - size: rows and columns; `nil`: the terminal has none.
  package init(
    _ command: [String], environment: [String: String], size: (rows: UInt16, columns: UInt16)? = nil
  ) throws {
    // Never our controlling terminal: its end would be ours.
    let flags = O_RDWR | O_NOCTTY
    let number = try systemCall { posix_openpt(flags | O_CLOEXEC | O_NONBLOCK) }
    keyboard = OwnedDescriptor(adopting: number)
    _ = try systemCall { grantpt(number) }
    _ = try systemCall { unlockpt(number) }
    guard let name = unsafe ptsname(number) else { throw TestFailure("the terminal has no name") }
    let terminal = try OwnedDescriptor.open(unsafe String(cString: name), flags)
    if let size {
      var window = winsize(ws_row: size.rows, ws_col: size.columns, ws_xpixel: 0, ws_ypixel: 0)
      _ = try systemCall { unsafe crtop_ioctl(number, UInt(TIOCSWINSZ), &window) }
    }
    var streams = ChildProcess.Streams()
    streams.inputDescriptor = terminal.number
    streams.outputDescriptor = terminal.number
    program = try ChildProcess(
      "/usr/bin/setsid", ["--ctty"] + command, streams: streams, environment: environment, ownSession: false)
  }

  /// What a user types; `\u{3}` is Ctrl-C.
  package func type(_ text: String) throws {
    let bytes = Array(text.utf8)
    let written = try systemCall {
      unsafe bytes.withUnsafeBytes { unsafe write(keyboard.number, $0.baseAddress, $0.count) }
    }
    guard written == bytes.count else { throw TestFailure("the terminal takes no more input") }
  }

  /// What the program has shown since the last look.
  ///
  /// - Parameter milliseconds: how long to wait where there is nothing.
  package func read(milliseconds: Int32 = 0) -> [UInt8] {
    var watched = pollfd(fd: keyboard.number, events: Int16(POLLIN), revents: 0)
    unsafe _ = poll(&watched, 1, milliseconds)
    var shown: [UInt8] = []
    var bytes = [UInt8](repeating: 0, count: 65536)
    while let got = try? systemCall({
      unsafe bytes.withUnsafeMutableBytes { unsafe Glibc.read(keyboard.number, $0.baseAddress, $0.count) }
    }), got > 0 { shown += bytes.prefix(got) }
    return shown
  }
}
