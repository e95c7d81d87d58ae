/// The subcommand `config`.

internal import ArgumentParser
internal import TerminalUI

struct Config: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Print the default configuration of the screen, with comments.",
    discussion: """
      The screen reads $XDG_CONFIG_HOME/crtop/config.toml, else ~/.config/crtop/config.toml. To begin one:

        mkdir -p ~/.config/crtop && crtop config > ~/.config/crtop/config.toml
      """)

  func run() throws { try Output.text(TerminalInterface.commentedConfiguration) }
}
