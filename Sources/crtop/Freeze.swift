/// The subcommands `freeze` and `thaw`.

internal import ArgumentParser
internal import CheckpointRestart
internal import SystemCalls

struct Freeze: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Freeze a subtree: no task of it runs until it is thawed.",
    discussion: "Uses the cgroup freezer, so that the tasks do not notice it. The subtree stays frozen when crtop ends."
  )

  @OptionGroup var subtree: SubtreeArgument
  @OptionGroup var format: FormatOption

  func run() throws {
    try shortOperation("freeze", format) { () throws(Problem) in try Engine.freeze(try subtree.resolve().identity) }
  }
}

struct Thaw: ParsableCommand {
  static let configuration = CommandConfiguration(abstract: "Let a frozen subtree run on.")

  @OptionGroup var subtree: SubtreeArgument
  @OptionGroup var format: FormatOption

  func run() throws {
    try shortOperation("thaw", format) { () throws(Problem) in try Engine.thaw(try subtree.resolve().identity) }
  }
}

private func shortOperation(
  _ name: String, _ format: FormatOption, _ work: () throws(Problem) -> OperationSummary
) throws(ExitCode) {
  let summary: OperationSummary
  do throws(Problem) { summary = try work() } catch { try Outcome.fail(name, [error], isJSON: format.isJSON) }
  if format.isJSON { try Output.json(.done(summary)) } else { try Output.line(Summary.line(summary)) }
}
