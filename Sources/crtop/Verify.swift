/// The subcommand `verify`.

internal import ArgumentParser
internal import CheckpointImage
internal import CheckpointRestart
internal import ImageSchema
internal import SystemCalls
internal import TerminalUI

struct Verify: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Check every byte of an image.", discussion: "Exit status: 0 it is whole, 1 it is not.")

  @Argument(help: ArgumentHelp("The image, or '-' for standard input.", valueName: "file"))
  var file: String

  @OptionGroup var format: FormatOption

  func run() throws {
    let started = monotonicNanoseconds()
    let header: ImageHeaderCounts
    let bytes: UInt64
    do throws(Problem) {
      let image = try ImageReader.open(file).verify(decompressing: true)
      header = ImageHeaderCounts(image.metadata)
      bytes = image.totals.bytes
    } catch {
      try Outcome.fail("verify", [error], isJSON: format.isJSON)
    }
    let elapsed = Int64((monotonicNanoseconds() - started) / 1000)
    if format.isJSON {
      return try Output.json(
        .done(
          OperationSummary(
            operation: "verify", image: file, root: header.root, tasks: header.tasks, threads: header.threads,
            zombies: header.zombies, bytes: bytes, elapsedMicroseconds: elapsed)))
    }
    let size = Summary.size(tasks: header.tasks, threads: header.threads, zombies: header.zombies)
    try Output.line(Output.printable("\(file) is whole: \(size), \(Format.bytes(bytes))."))
  }
}

/// What the header counts.
struct ImageHeaderCounts {
  let root: Int32
  let tasks: Int
  let threads: Int
  let zombies: Int

  init(_ metadata: ImageMetadata) {
    root = metadata.header.rootPid
    tasks = Int(metadata.header.tasks)
    threads = Int(metadata.header.threads)
    zombies = Int(metadata.header.zombies)
  }
}
