/// The subcommand `images`.

internal import ArgumentParser
internal import CheckpointImage
internal import ImageSchema
internal import SystemCalls
internal import TerminalUI

struct Images: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "List the images of the image store, the newest first.",
    discussion: """
      The image store is $CRTOP_IMAGES; else /var/lib/crtop for root, and $XDG_STATE_HOME/crtop or \
      ~/.local/state/crtop for others.
      """)

  @OptionGroup var format: FormatOption

  func run() throws {
    let images: [StoredImage]
    let store: ImageStore
    do throws(Problem) {
      store = try ImageStore.standard()
      images = try store.list()
    } catch {
      try Outcome.fail("images", [error], isJSON: format.isJSON)
    }
    if format.isJSON {
      for image in images { try Output.json(image.json) }
      return
    }
    if images.isEmpty { return try Output.line("There are no images in \(store.directory).") }
    let heading = "TIME                     PID TASKS  SIZE COMMAND               IMAGE"
    try Output.lines([heading] + images.map(Self.line))
  }

  private static func line(_ image: StoredImage) -> String {
    let size = Column.right(Format.bytes(image.bytes), 5)
    switch image.content {
    case .image(let header, _):
      let time = Format.date(header.realTimeNs / 1_000_000_000)
      let pid = Column.right("\(header.rootPid)", 8)
      let command = Column.left(String(header.rootCommand.prefix(21)), 21)
      return "\(time) \(pid) \(Column.right("\(header.tasks)", 5)) \(size) \(command) \(image.path)"
    case .unreadable(let problem):
      return "\(Format.date(Int64(image.modified)))        -     - \(size) \(problem)"
    }
  }
}

/// Columns of text.
enum Column {
  static func left(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(width - text.count, 0))
  }

  static func right(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(width - text.count, 0)) + text
  }
}
