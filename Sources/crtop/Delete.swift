/// The subcommand `delete`.

internal import ArgumentParser
internal import CLinux
internal import CheckpointImage
internal import CheckpointRestart
internal import SystemCalls

struct Delete: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Delete an image.",
    discussion: "Refuses files that are no images. On a terminal it asks first, unless '--yes' is given.")

  @Argument(help: ArgumentHelp("The image.", valueName: "file"))
  var file: String

  @Flag(help: "Do not ask.")
  var yes = false

  @OptionGroup var format: FormatOption

  func run() throws {
    if !yes && !format.isJSON && isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1 {
      Output.write("Delete the image \(Output.printable(file))? [y/N] ", to: STDERR_FILENO)
      guard let answer = readLine(), ["y", "yes"].contains(answer.lowercased()) else {
        Output.note("Nothing was deleted.")
        throw ExitCode.failure
      }
    }
    do throws(Problem) { try ImageStore.delete(file) } catch {
      try Outcome.fail("delete", [error], isJSON: format.isJSON)
    }
    if format.isJSON { try Output.json(.done(OperationSummary(operation: "delete", image: file))) }
  }
}
