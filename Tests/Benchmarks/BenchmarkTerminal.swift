/// Defines `BenchmarkTerminal`, a terminal of 120x40 with a program in it, whose output is read and thrown away.

internal import Glibc
import SystemCalls
import TestSupport

final class BenchmarkTerminal {
  private let terminal: ProgramOnTerminal
  var program: ChildProcess { terminal.program }

  /// Starts a program, found in PATH, with the default settings: no configuration is read.
  init(_ command: [String]) throws {
    let environment = [
      "TERM": "xterm-256color", "LC_ALL": "C.UTF-8", "HOME": "/nonexistent", "PATH": "/usr/bin:/bin:/usr/sbin:/sbin",
    ]
    terminal = try ProgramOnTerminal(command, environment: environment, size: (rows: 40, columns: 120))
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
  private func isShowing(milliseconds: Int32) -> Bool { !terminal.read(milliseconds: milliseconds).isEmpty }

  /// Milliseconds from a key to the first answer. Begins in a quiet moment, so that no refresh is taken for it.
  func delay(of key: String) throws -> Double {
    while isShowing(milliseconds: 100) {}
    let start = monotonicMicroseconds()
    try terminal.type(key)
    guard isShowing(milliseconds: 5000) else { throw TestFailure("a key was not answered") }
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
