/// The subcommand `check`.

internal import ArgumentParser
internal import CheckpointRestart
internal import SystemCalls
internal import TerminalUI

struct Check: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Tell whether a subtree can be checkpointed, and every reason why not.",
    discussion: "Looks from outside and stops nothing. Exit status: 0 it can, 1 it cannot.")

  @OptionGroup var subtree: SubtreeArgument
  @OptionGroup var accept: AcceptOption
  @OptionGroup var format: FormatOption

  func run() throws {
    let report: CheckReport
    do throws(Problem) {
      report = try Engine.check(try subtree.resolve().identity, acceptedLosses: accept.set)
    } catch {
      try Outcome.fail("check", [error], isJSON: format.isJSON)
    }
    guard report.problems.isEmpty else { try Outcome.fail("check", report.problems, isJSON: format.isJSON) }
    if format.isJSON {
      return try Output.json(
        .done(
          OperationSummary(
            operation: "check", root: subtree.pid.number, tasks: report.tasks, threads: report.threads,
            zombies: report.zombies, bytes: report.memoryBytes)))
    }
    let size = Summary.size(tasks: report.tasks, threads: report.threads, zombies: report.zombies)
    try Output.line(
      "The subtree of \(subtree.pid.number) can be checkpointed: \(size), about \(Format.bytes(report.memoryBytes)).")
  }
}
