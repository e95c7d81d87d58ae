/// The subcommand `restart`.

internal import ArgumentParser
internal import CheckpointRestart
internal import SystemCalls

struct Restart: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Restart a subtree from an image.",
    discussion: """
      In the foreground the job gets this terminal, and crtop ends as the job's root task ends: with its exit status, \
      or by the same signal. Signals sent to crtop are passed on to it. With '--detach' the job gets a session of its \
      own and crtop ends when it runs.

      The image is verified as a whole before any process is made. On any failure no process of the job is left.

      EXAMPLES:
        crtop restart nightly.crtop
        crtop restart nightly.crtop --detach
        ssh host cat job.crtop | crtop restart - --detach
      """)

  @Argument(help: ArgumentHelp("The image, or '-' for standard input.", valueName: "file"))
  var file: String

  @Flag(help: "Restart the job in a session of its own instead of in this terminal.")
  var detach = false

  @OptionGroup var accept: AcceptOption
  @OptionGroup var format: FormatOption

  func validate() throws {
    if file.isEmpty { throw ValidationError("The name of the image is empty.") }
  }

  func run() throws {
    let request = RestartRequest(source: file, detached: detach, acceptedLosses: accept.set)
    let summary = try OperationRunner.run("restart", isJSON: format.isJSON) {
      Operation.restart(request, onEvent: $0)
    }
    if detach {
      if !format.isJSON { Output.note(Summary.line(summary)) }
      return
    }
  }
}
