/// Defines `Output`, which writes lines to standard output and standard error and never ends the program doing so.

internal import ArgumentParser
internal import CLinux
internal import Glibc
internal import SystemCalls

enum Output {
  /// One line on standard output.
  ///
  /// - Throws: status 1 when nobody reads it any more or the disk is full: what was asked for was not printed.
  static func line(_ text: String) throws(ExitCode) {
    guard write(text + "\n", to: STDOUT_FILENO) else { throw ExitCode.failure }
  }

  /// Lines of our own, each with its end.
  static func text(_ text: String) throws(ExitCode) {
    guard write(text, to: STDOUT_FILENO) else { throw ExitCode.failure }
  }

  /// Lines that may have names of programs and files in them, in one go.
  static func lines(_ lines: [String]) throws(ExitCode) { try line(lines.map(printable).joined(separator: "\n")) }

  /// One value in one line on standard output.
  static func json(_ value: JSON) throws(ExitCode) { try line(value.description) }

  /// Many values as one array, an element a line.
  static func json(array values: [JSON]) throws(ExitCode) {
    try line(values.isEmpty ? "[]" : "[\n" + values.map(\.description).joined(separator: ",\n") + "\n]")
  }

  /// The columns of the terminal on standard output; `nil` where it is none.
  static var width: Int? {
    windowSize(STDOUT_FILENO).flatMap { $0.columns > 0 ? $0.columns : nil }
  }

  /// One line on standard error.
  static func note(_ text: String) { _ = write(text + "\n", to: STDERR_FILENO) }

  /// One problem on standard error.
  static func problem(_ problem: Problem) { note("crtop: \(printable(problem.description))") }

  /// Writes all of it; `false` when that is not possible.
  @discardableResult
  static func write(_ text: String, to descriptor: Int32) -> Bool {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let written: Int? = try? systemCall {
        unsafe rest.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
      }
      guard let written, written > 0 else { return false }
      rest = rest.dropFirst(written)
    }
    return true
  }

  /// Names come from programs, which may put anything in them: nothing may reach the terminal as a command.
  static func printable(_ text: String) -> String {
    String(String.UnicodeScalarView(text.unicodeScalars.map { isControl($0) ? "?" : $0 }))
  }

  private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
    scalar.value < 0x20 || (0x7f..<0xa0).contains(scalar.value)
  }
}
