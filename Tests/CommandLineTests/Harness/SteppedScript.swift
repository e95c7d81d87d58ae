/// Defines `SteppedScript`, a shell script each of whose `read` waits until the test lets it go on.

import Glibc
import SystemCalls
import TestSupport

/// A child that is told of events by lines on its standard input.
final class SteppedScript {
  let process: ChildProcess
  private let lines: PipeEnds

  /// Starts it in a session of its own.
  init(
    _ program: String, _ arguments: [String], streams: ChildProcess.Streams, environment: [String: String]
  ) throws {
    lines = try PipeEnds()
    var streams = streams
    streams.inputDescriptor = lines.reader.number
    process = try ChildProcess(program, arguments, streams: streams, environment: environment, ownSession: true)
  }

  /// Lets the next `read` return as soon as the condition holds, or the script has ended.
  func goOn(after what: String, _ condition: () throws -> Bool) throws {
    try waitUntil(what) { try process.poll() != nil || condition() }
    let writer = lines.writer.number
    _ = try systemCall { unsafe write(writer, "\n", 1) }
  }
}
