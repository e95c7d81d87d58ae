/// The subcommand that is meant when none is named: the screen.

internal import ArgumentParser
internal import SystemCalls
internal import TerminalUI

struct Screen: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Open the screen (this is what 'crtop' alone does).", usage: "crtop [--readonly] [<pid>]")

  @Argument(help: "Select this process at first.")
  var pid: Pid?

  @Flag(name: .customLong("readonly"), help: "Only look: refuse every key that changes something.")
  var isReadOnly = false

  func run() throws {
    let status: Int32
    do throws(Problem) {
      status = try TerminalInterface.run(
        .init(selectedPid: pid?.number, isReadOnly: isReadOnly), launcher: ScreenRestarts())
    } catch {
      try Outcome.fail("screen", [error], isJSON: false)
    }
    guard status == 0 else { throw ExitCode(status) }
  }
}
