/// The subcommand that is meant when none is named: the screen.

internal import ArgumentParser
internal import SystemCalls
internal import TerminalUI

struct Screen: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Open the screen (this is what 'crtop' alone does).", usage: "crtop [<pid>]")

  @Argument(help: "Select this process at first.")
  var pid: Pid?

  func run() throws {
    let status: Int32
    do throws(Problem) { status = try TerminalInterface.run(.init(selectedPid: pid?.number)) } catch {
      try Outcome.fail("screen", [error], isJSON: false)
    }
    guard status == 0 else { throw ExitCode(status) }
  }
}
