/// The subcommand `doctor`.

internal import ArgumentParser
internal import SystemCalls

struct Doctor: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Tell what this kernel, these privileges and this machine allow.",
    discussion: """
      Tries what a checkpoint and a restart need, on tasks of its own. Each finding is 'ok', 'limited' (some jobs are \
      refused) or 'missing' (an operation is not possible at all), with what that means and what helps. Exit status: 1 \
      if anything is missing, else 0.
      """)

  @OptionGroup var format: FormatOption

  func run() throws {
    var isMissing = false
    for probe in Finding.probes {
      let finding = probe()
      isMissing = isMissing || finding.verdict == .missing
      if format.isJSON {
        try Output.json(finding.json)
      } else {
        try Output.lines(finding.lines)
      }
    }
    if isMissing { throw ExitCode.failure }
  }
}
