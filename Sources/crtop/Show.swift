/// The subcommand `show`.

internal import ArgumentParser
internal import CheckpointImage
internal import ImageSchema
internal import ProcessTree
internal import SystemCalls
internal import TerminalUI

struct Show: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show the tasks that an image holds.",
    discussion:
      "Memory is not verified; see 'crtop verify'. With '--json' an array of tasks, as 'crtop ps --json' prints.")

  @Argument(help: ArgumentHelp("The image, or '-' for standard input.", valueName: "file"))
  var file: String

  @OptionGroup var format: FormatOption

  func run() throws {
    let metadata: ImageMetadata
    let size: UInt64
    do throws(Problem) {
      var reader = try ImageReader.open(file)
      size = reader.size
      metadata = try reader.readMetadata()
    } catch {
      try Outcome.fail("show", [error], isJSON: format.isJSON)
    }
    if format.isJSON { return try Output.json(array: metadata.processes.map(\.json)) }
    let tasks = zip(metadata.processes, Self.depths(metadata.processes)).map { Self.line($0, depth: $1) }
    try Output.lines(Self.header(metadata, size, file) + ["    PID STATE    THR MEMORY COMMAND"] + tasks)
  }

  private static func header(_ metadata: ImageMetadata, _ size: UInt64, _ file: String) -> [String] {
    let header = metadata.header
    let counts = Summary.size(tasks: Int(header.tasks), threads: Int(header.threads), zombies: Int(header.zombies))
    return [
      "Image    \(file), \(Format.bytes(size))",
      "Job      \(header.rootCommand) (\(header.rootPid)) of user \(header.userID): \(counts)",
      "Made     \(Format.date(header.realTimeNs / 1_000_000_000)) on \(header.hostName) by crtop \(header.crtopVersion)",
      "Machine  Linux \(header.kernelRelease), \(header.machine)",
      "Pause    \(Format.duration(microseconds: metadata.trailer.pauseUs))",
    ]
  }

  /// How far below its root each process is; parents stand before their children.
  private static func depths(_ processes: [ImageProcess]) -> [Int] {
    var known: [Int32: Int] = [:]
    return processes.map { process in
      let depth = known[process.ppid].map { $0 + 1 } ?? 0
      known[process.pid] = depth
      return depth
    }
  }

  private static func line(_ process: ImageProcess, depth: Int) -> String {
    let mapped = process.addressSpace.areas.reduce(UInt64(0)) { $0 &+ ($1.end &- $1.start) }
    let columns = [
      Column.right("\(process.pid)", 7), Column.left(process.stateName, 8),
      Column.right("\(process.threads.count)", 3), Column.right(Format.bytes(mapped), 6),
    ]
    let ending =
      process.state == .zombie ? " (\(ExitStatus(rawValue: Int32(truncatingIfNeeded: process.exitCode))))" : ""
    return columns.joined(separator: " ") + " " + String(repeating: "  ", count: depth) + process.comm + ending
  }
}
