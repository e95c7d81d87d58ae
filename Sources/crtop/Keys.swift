/// The subcommand `keys`.

internal import ArgumentParser
internal import TerminalUI

struct Keys: ParsableCommand {
  static let configuration = CommandConfiguration(abstract: "List the keys of the screen.")

  @Flag(name: .customLong("man"), help: .hidden)
  var isManual = false

  func run() throws { try Output.text(isManual ? TerminalInterface.keysAsManual : TerminalInterface.keysAsText) }
}
