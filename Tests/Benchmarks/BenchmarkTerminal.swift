/// Defines `BenchmarkTerminal`, a terminal of 120x40 with a program in it, whose output is read and thrown away.

internal import CLinux
internal import Glibc
import SystemCalls
import TestSupport

final class BenchmarkTerminal {
  let program: ChildProcess
  private let keyboard: OwnedDescriptor

  /// Starts a program, found in PATH, with the default settings: no configuration is read.
  init(_ command: [String]) throws {
    let flags = O_RDWR | O_NOCTTY
    let number = try systemCall { posix_openpt(flags | O_CLOEXEC | O_NONBLOCK) }
    keyboard = OwnedDescriptor(adopting: number)
    _ = try systemCall { grantpt(number) }
    _ = try systemCall { unlockpt(number) }
    guard let name = unsafe ptsname(number) else { throw TestFailure("the terminal has no name") }
    let terminal = try OwnedDescriptor.open(unsafe String(cString: name), flags)
    var size = winsize(ws_row: 40, ws_col: 120, ws_xpixel: 0, ws_ypixel: 0)
    _ = try systemCall { unsafe crtop_ioctl(number, UInt(TIOCSWINSZ), &size) }
    var streams = ChildProcess.Streams()
    streams.inputDescriptor = terminal.number
    streams.outputDescriptor = terminal.number
    let environment = [
      "TERM": "xterm-256color", "LC_ALL": "C.UTF-8", "HOME": "/nonexistent", "PATH": "/usr/bin:/bin:/usr/sbin:/sbin",
    ]
    program = try ChildProcess(
      "/usr/bin/setsid", ["--ctty"] + command, streams: streams, environment: environment, ownSession: false)
  }

  deinit { program.kill(SIGKILL) }

  /// Reads what the program shows.
  func watch(seconds: Double) throws {
    let end = monotonicMicroseconds() + Int64(seconds * 1e6)
    while true {
      let left = end - monotonicMicroseconds()
      guard left > 0, try isShowing(milliseconds: Int32(clamping: left / 1000 + 1)) || program.poll() == nil else {
        return
      }
    }
  }

  /// Whether something came within the time; it is thrown away.
  private func isShowing(milliseconds: Int32) throws -> Bool {
    var file = pollfd(fd: keyboard.number, events: Int16(POLLIN), revents: 0)
    guard try systemCall({ unsafe poll(&file, 1, milliseconds) }) == 1 else { return false }
    var buffer = [UInt8](repeating: 0, count: 65536)
    guard let got = try? systemCall({ unsafe read(keyboard.number, &buffer, buffer.count) }) else { return false }
    return got > 0
  }

  /// Milliseconds from a key to the first answer. Begins in a quiet moment, so that no refresh is taken for it.
  func delay(of key: String) throws -> Double {
    while try isShowing(milliseconds: 100) {}
    let start = monotonicMicroseconds()
    let bytes = Array(key.utf8)
    _ = try systemCall { unsafe write(keyboard.number, bytes, bytes.count) }
    guard try isShowing(milliseconds: 5000) else { throw TestFailure("a key was not answered") }
    return Double(monotonicMicroseconds() - start) / 1000
  }

  /// User and system time so far in clock ticks, of all its threads, also those that have ended (fields 14 and 15 of stat).
  func processorTicks() throws -> Int {
    let fields = try readText("/proc/\(program.pid)/stat").split(separator: ")").last?.split(separator: " ") ?? []
    guard fields.count > 12, let user = Int(fields[11]), let system = Int(fields[12]) else {
      throw TestFailure("no times of process \(program.pid)")
    }
    return user + system
  }

  /// `VmRSS`; `nil` when it has ended.
  var residentKilobytes: Int? {
    let lines = (try? readText("/proc/\(program.pid)/status"))?.split(separator: "\n") ?? []
    return lines.first { $0.hasPrefix("VmRSS:") }?.split(separator: " ").dropFirst().first.flatMap { Int($0) }
  }
}
