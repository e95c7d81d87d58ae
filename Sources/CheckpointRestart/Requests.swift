/// Defines what the engine can be asked for.

public import CheckpointImage
public import SystemCalls

/// The root of a subtree, safe against a reused pid.
public struct TaskIdentity: Sendable, Hashable {
  /// The process id.
  public var pid: Int32
  /// Field 22 of `/proc/PID/stat`, in clock ticks since boot; `nil`: whoever has the pid now.
  public var startTime: UInt64?

  /// Makes an identity from its parts.
  public init(pid: Int32, startTime: UInt64? = nil) {
    self.pid = pid
    self.startTime = startTime
  }
}

/// What becomes of the job when its image is safe on disk.
public enum AfterCheckpoint: String, Sendable, CaseIterable {
  case resume, leaveFrozen, kill
}

/// Exactness or safety that the user gives up, by name.
public enum AcceptedLoss: String, Sendable, CaseIterable {
  /// Restart although files differ from what they were at the checkpoint.
  case changedFiles = "changed-files"
  /// Restart although CLOCK_MONOTONIC has gone back, as after a reboot.
  case clock
  /// Make a zombie without its core-dump flag where it cannot be made with it.
  case coreFlag = "core-flag"
  /// Begin sleeps anew in the restarted job where crtop cannot see what is left of them.
  case sleepTime = "sleep-time"
  /// Do without the keys that a task has in keyrings of its own.
  case keyrings
  /// Restart with crtop's login user where that of the job cannot be set.
  case loginUser = "login-user"

  /// Do without what SEM_UNDO would undo at the end of a task.
  case semaphoreAdjustments = "semaphore-adjustments"

  /// Give the job offsets of its own in files that a process outside the subtree has open together with it.
  case sharedOffsets = "shared-offsets"

  /// Save tasks that their seccomp mode would end if crtop were killed in the midst of it.
  case seccompRisk = "seccomp-risk"
  /// Let a POSIX timer count the expiries that it misses from zero where the count cannot be set.
  case timerOverrun = "timer-overrun"
  /// Restart tasks without the Landlock domains that confined them.
  case landlock

  /// Those that matter to a restart; the others are accepted at the checkpoint.
  public static let atRestart: [AcceptedLoss] = [.changedFiles, .clock, .coreFlag, .loginUser]
}

/// A checkpoint to be taken.
public struct CheckpointRequest: Sendable {
  public var root: TaskIdentity
  /// A path; `-` for standard output.
  public var destination: String
  public var after: AfterCheckpoint
  public var compression: Compression
  public var acceptedLosses: Set<AcceptedLoss>
  /// The root is an ancestor of the calling process, which is not saved: in the image it has ended with
  /// `SelfCheckpoint.statusAfterRestart`.
  public var isOwnJob: Bool

  /// Makes a request; by default the job goes on and page data is not compressed.
  public init(
    root: TaskIdentity, destination: String, after: AfterCheckpoint = .resume, compression: Compression = .none,
    acceptedLosses: Set<AcceptedLoss> = [], isOwnJob: Bool = false
  ) {
    self.isOwnJob = isOwnJob
    self.root = root
    self.destination = destination
    self.after = after
    self.compression = compression
    self.acceptedLosses = acceptedLosses
  }
}

/// A restart to be made.
public struct RestartRequest: Sendable {
  /// As it is written on the command line, and in remedies.
  public static let newPidNamespaceFlag = "--new-pid-namespace"

  /// A path; `-` for standard input.
  public var source: String
  /// Restart as a job of its own instead of in this terminal.
  public var detached: Bool
  public var acceptedLosses: Set<AcceptedLoss>
  /// In the foreground: the path of a terminal that no session has, for a root that leads the session of the job's terminal.
  public var sessionTerminal: String?
  /// For a plan: the restart itself is made inside the namespace.
  public var isForNewPidNamespace = false

  /// Makes a request.
  public init(
    source: String, detached: Bool, acceptedLosses: Set<AcceptedLoss> = [], sessionTerminal: String? = nil
  ) {
    self.sessionTerminal = sessionTerminal
    self.source = source
    self.detached = detached
    self.acceptedLosses = acceptedLosses
  }
}

/// What a preflight has found.
public struct CheckReport: Sendable {
  /// Every reason why the subtree cannot be checkpointed; empty: it can.
  public var problems: [Problem]
  public var tasks: Int
  public var threads: Int
  public var zombies: Int
  /// Memory that an image would have to hold, in bytes, but for pages of zeroes: no files' pages, no holes.
  public var memoryBytes: UInt64
  /// Pages that several tasks have are counted once, as they are saved. In large jobs each task's are counted.
  public var countsSharedPagesOnce: Bool

  /// Makes a report from its parts.
  public init(
    problems: [Problem], tasks: Int, threads: Int, zombies: Int, memoryBytes: UInt64, countsSharedPagesOnce: Bool = true
  ) {
    self.problems = problems
    self.tasks = tasks
    self.threads = threads
    self.zombies = zombies
    self.memoryBytes = memoryBytes
    self.countsSharedPagesOnce = countsSharedPagesOnce
  }
}
