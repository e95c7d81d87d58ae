/// Defines what a long operation reports while it runs, and at its end.

public import SystemCalls

/// The step of an operation that a task is in.
public enum OperationPhase: String, Sendable, CaseIterable {
  // Checkpoint.
  case stop, inspect, collect, memory, write, resume, kill
  // Restart.
  case verify, plan, create, restore, zombie, commit
}

/// How far one task is.
public struct TaskProgress: Sendable, Hashable {
  /// The task.
  public var task: TaskName
  /// The step it is in.
  public var phase: OperationPhase
  /// Bytes of memory done and to do; both 0 in phases that move no memory.
  public var done: UInt64
  public var total: UInt64

  /// Makes a report from its parts.
  public init(task: TaskName, phase: OperationPhase, done: UInt64 = 0, total: UInt64 = 0) {
    self.task = task
    self.phase = phase
    self.done = done
    self.total = total
  }
}

/// What an operation has achieved.
public struct OperationSummary: Sendable, Hashable {
  /// `checkpoint`, `restart`, `freeze` or `thaw`.
  public var operation: String
  /// The image's path, `-` for a stream, empty where there is none.
  public var image: String
  /// The pid of the subtree's root.
  public var root: Int32
  /// Thread groups, zombies included.
  public var tasks: Int
  public var threads: Int
  public var zombies: Int
  /// Size of the image in bytes.
  public var bytes: UInt64
  /// How long the job stood still, in microseconds; 0 for a restart.
  public var pauseMicroseconds: Int64
  /// The whole operation, in microseconds.
  public var elapsedMicroseconds: Int64

  /// Makes a summary from its parts.
  public init(
    operation: String, image: String = "", root: Int32 = 0, tasks: Int = 0, threads: Int = 0, zombies: Int = 0,
    bytes: UInt64 = 0, pauseMicroseconds: Int64 = 0, elapsedMicroseconds: Int64 = 0
  ) {
    self.operation = operation
    self.image = image
    self.root = root
    self.tasks = tasks
    self.threads = threads
    self.zombies = zombies
    self.bytes = bytes
    self.pauseMicroseconds = pauseMicroseconds
    self.elapsedMicroseconds = elapsedMicroseconds
  }
}

/// One event of an operation. `done` or `failed` is the last one.
public enum OperationEvent: Sendable {
  /// The subtree is known: the names of all its tasks.
  case tasks([TaskName])
  case task(TaskProgress)
  /// Something the user should know that does not stop the operation.
  case note(TaskName?, String)
  case done(OperationSummary)
  /// Nothing was changed; all the reasons, at least one.
  case failed([Problem])
}
