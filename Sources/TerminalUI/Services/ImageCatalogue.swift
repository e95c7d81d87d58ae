/// Defines `ImageCatalogue`, the images there are, and what can be done to them besides a restart.

public import CheckpointImage
public import SystemCalls

/// What is known of one image without reading its memory.
public struct ImageEntry: Sendable, Hashable {
  /// The file's path.
  public var path: String
  /// When it was made, in seconds since 1970.
  public var time: Int64
  /// Size of the file in bytes.
  public var bytes: UInt64
  /// The root's command line, or its name; empty where it is not known.
  public var command: String
  public var rootPid: Int32
  /// Thread groups, zombies included; 0 where it is not known.
  public var tasks: Int
  public var threads: Int
  public var zombies: Int
  /// The machine it was made on.
  public var host: String
  /// The file as it was when it was listed.
  public var identity: FileIdentity?
  /// Why it cannot be used.
  public var problem: Problem?

  /// Makes an entry from its parts.
  public init(
    path: String, time: Int64, bytes: UInt64, command: String = "", rootPid: Int32 = 0, tasks: Int = 0,
    threads: Int = 0, zombies: Int = 0, host: String = "", identity: FileIdentity? = nil, problem: Problem? = nil
  ) {
    self.path = path
    self.time = time
    self.bytes = bytes
    self.command = command
    self.rootPid = rootPid
    self.tasks = tasks
    self.threads = threads
    self.zombies = zombies
    self.host = host
    self.identity = identity
    self.problem = problem
  }

  /// The name in one short line: a command may be a whole program.
  public var title: String {
    let line = name.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    return line.count > 60 ? line.prefix(57) + "..." : line
  }

  /// What to call it: the command without the program's directory, or the file's name.
  public var name: String {
    command.isEmpty ? String(path.split(separator: "/").last ?? "image") : withoutDirectory(command)
  }
}

/// The image store as the screen sees it. All of it may block and is called off the event loop, except
/// `defaultDestination`.
public protocol ImageCatalogue: Sendable {
  /// All images, in any order; one that cannot be read is listed with its problem.
  func list() throws(Problem) -> [ImageEntry]
  /// What is known of the image at a path, which may lie outside of the store.
  func entry(_ path: String) -> ImageEntry
  /// Reads all but memory.
  func content(_ path: String) throws(Problem) -> ImageContent
  /// Reads the whole image and checks it; throws what is wrong with it. Returns the file that was read.
  func verify(_ path: String) throws(Problem) -> FileIdentity
  /// The file at a path; `nil`: there is none.
  func identity(_ path: String) -> FileIdentity?
  /// Removes the file.
  func delete(_ path: String) throws(Problem)
  /// Looks at where an image is to be written; throws why it cannot be.
  func destination(_ path: String) throws(Problem) -> DestinationReport
  /// Where a checkpoint of this task goes if the user does not say.
  func defaultDestination(pid: Int32, comm: String) throws(Problem) -> String
}
