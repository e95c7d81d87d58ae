/// Defines `ImageContent`, what an image holds besides memory, as the screen shows and compares it.

/// One task of an image.
public struct ImageTask: Sendable, Hashable {
  public var pid: Int32
  /// 0 for the root.
  public var ppid: Int32
  public var comm: String
  /// `running`, `stopped`, or `zombie` with how it ended.
  public var state: String
  public var threads: Int
  /// Pages with content, in bytes.
  public var memoryBytes: UInt64
  /// How many mappings, and how much address space they take, in bytes.
  public var mappings: Int
  public var mappedBytes: UInt64
  public var executable: String
  public var directory: String
  /// What each descriptor refers to, with the offset where it has one.
  public var descriptors: [Int: String]
  /// Files that are mapped, without repetition.
  public var mappedFiles: [String]
  /// Whatever else is worth a line: signals, timers, locks.
  public var remarks: [String]

  /// Makes a task from its parts.
  public init(
    pid: Int32, ppid: Int32 = 0, comm: String, state: String = "running", threads: Int = 1, memoryBytes: UInt64 = 0,
    mappings: Int = 0, mappedBytes: UInt64 = 0, executable: String = "", directory: String = "",
    descriptors: [Int: String] = [:], mappedFiles: [String] = [], remarks: [String] = []
  ) {
    self.pid = pid
    self.ppid = ppid
    self.comm = comm
    self.state = state
    self.threads = threads
    self.memoryBytes = memoryBytes
    self.mappings = mappings
    self.mappedBytes = mappedBytes
    self.executable = executable
    self.directory = directory
    self.descriptors = descriptors
    self.mappedFiles = mappedFiles
    self.remarks = remarks
  }
}

/// A file that must be there, as it was, at a restart.
public struct ImageFileReference: Sendable, Hashable {
  public var path: String
  public var bytes: UInt64
  /// In seconds since 1970.
  public var modified: Int64

  /// Makes a reference from its parts.
  public init(path: String, bytes: UInt64, modified: Int64) {
    self.path = path
    self.bytes = bytes
    self.modified = modified
  }
}

/// An image without its memory. Parents stand before their children.
public struct ImageContent: Sendable, Hashable {
  public var path: String
  public var bytes: UInt64
  public var command: String
  /// In seconds since 1970.
  public var time: Int64
  /// Where and by what it was made, in a line.
  public var origin: String
  /// How long the job stood still, in microseconds.
  public var pauseMicroseconds: Int64
  public var tasks: [ImageTask]
  public var files: [ImageFileReference]

  /// Makes a description from its parts.
  public init(
    path: String, bytes: UInt64, command: String, time: Int64, origin: String = "", pauseMicroseconds: Int64 = 0,
    tasks: [ImageTask], files: [ImageFileReference] = []
  ) {
    self.path = path
    self.bytes = bytes
    self.command = command
    self.time = time
    self.origin = origin
    self.pauseMicroseconds = pauseMicroseconds
    self.tasks = tasks
    self.files = files
  }
}
