/// Runs the `crtop` that was built with these tests.

internal import CLinux
internal import Glibc
internal import SystemCalls

/// Where the programs are that were built with the tests: beside the running test program.
package enum Programs {
  package static let crtop = directory + "/crtop"
  package static let workloads = directory + "/workloads"

  private static let directory: String = {
    let own = (try? readLink("/proc/self/exe")) ?? ""
    return own.split(separator: "/").dropLast().reduce(into: "") { $0 += "/\($1)" }
  }()
}

/// What one run of crtop has left.
package struct Outcome {
  package var status: ExitStatus
  package var output: String
  package var errors: String

  /// The lines of `--json`, each of which must be one object.
  package func events() throws -> [JSON] { try output.split(separator: "\n").map { try JSON($0) } }

  /// All that was said, for failure messages.
  package var summary: String { "\(status)\n--- output\n\(output)--- errors\n\(errors)" }
}

extension Sandbox {
  /// Starts crtop without waiting for it.
  package func startCrtop(_ arguments: [String], streams: ChildProcess.Streams? = nil) throws -> ChildProcess {
    try ChildProcess(
      Programs.crtop, arguments, streams: streams ?? ChildProcess.Streams(), environment: environment)
  }

  /// Runs crtop to its end.
  ///
  /// - Throws: `TestFailure` when it takes longer than `seconds`.
  package func crtop(_ arguments: [String], seconds: Double = 60) throws -> Outcome {
    try run(Programs.crtop, arguments, seconds: seconds)
  }

  /// Runs a program to its end.
  package func run(
    _ program: String, _ arguments: [String], streams: ChildProcess.Streams = ChildProcess.Streams(),
    seconds: Double = 60
  ) throws -> Outcome {
    var streams = streams
    let run = monotonicMicroseconds()
    streams.output = self[".crtop-output-\(run)"]
    streams.errors = self[".crtop-errors-\(run)"]
    defer {
      removeFile(streams.output)
      removeFile(streams.errors)
    }
    let status = try ChildProcess(program, arguments, streams: streams, environment: environment)
      .wait(seconds: seconds)
    return Outcome(status: status, output: try readText(streams.output), errors: try readText(streams.errors))
  }

  /// Runs crtop to its end.
  package func crtop(_ arguments: String...) throws -> Outcome { try crtop(arguments) }

  /// Runs crtop, which must succeed.
  @discardableResult
  package func crtopMust(_ arguments: String...) throws -> Outcome {
    let outcome = try crtop(arguments)
    guard outcome.status == .exited(0) else {
      throw TestFailure("crtop \(arguments.joined(separator: " ")): \(outcome.summary)")
    }
    return outcome
  }
}
