/// Defines `RestartPlan`: what a restart would do and what stands in its way, found out without making anything.

internal import CheckpointImage
internal import ImageSchema
public import SystemCalls

/// Of an image whose metadata is whole. Its memory is verified by the restart itself.
public struct RestartPlan: Sendable {
  /// The root gets this pid again.
  public var root: TaskName
  /// Its command line.
  public var command: String
  /// Thread groups, zombies included.
  public var tasks: Int
  public var threads: Int
  public var zombies: Int
  /// Size of the image, and what the tasks had of pages with content, in bytes.
  public var imageBytes: UInt64
  public var memoryBytes: UInt64
  /// Seconds since 1970 and machine of the checkpoint.
  public var time: Int64
  public var host: String
  /// Files that must be there as they were.
  public var files: Int
  /// What becomes of things that lie outside the job, such as its terminal and its clock.
  public var notes: [String]
  /// Every obstacle; empty: the restart can begin.
  public var problems: [Problem]

  /// Makes a plan from its parts.
  public init(
    root: TaskName, command: String, tasks: Int, threads: Int, zombies: Int, imageBytes: UInt64, memoryBytes: UInt64,
    time: Int64, host: String, files: Int, notes: [String] = [], problems: [Problem] = []
  ) {
    self.root = root
    self.command = command
    self.tasks = tasks
    self.threads = threads
    self.zombies = zombies
    self.imageBytes = imageBytes
    self.memoryBytes = memoryBytes
    self.time = time
    self.host = host
    self.files = files
    self.notes = notes
    self.problems = problems
  }
}

extension RestartPlan {
  /// Reads the image's metadata and looks at the machine.
  ///
  /// - Throws: why the image cannot be used at all.
  static func make(_ request: RestartRequest) throws(Problem) -> RestartPlan {
    var reader = try ImageReader.open(request.source)
    let bytes = reader.size
    let metadata = try reader.readMetadata()
    try ImageValidation(processes: metadata.processes, shared: metadata.sharedObjects).run()
    var preflight = RestartPreflight(
      header: metadata.header, processes: metadata.processes, plan: try TreePlan(metadata.processes),
      shared: metadata.sharedObjects, accepted: request.acceptedLosses)
    // A zombie that is just being reaped is an obstacle now; the restart itself waits for its end.
    preflight.patience = 0
    preflight.isForNewPidNamespace = request.isForNewPidNamespace
    let header = metadata.header
    return RestartPlan(
      root: TaskName(pid: header.rootPid, comm: metadata.processes.first?.comm ?? ""), command: header.rootCommand,
      tasks: metadata.processes.count, threads: Int(header.threads), zombies: Int(header.zombies), imageBytes: bytes,
      memoryBytes: metadata.processes.reduce(0) { $0 &+ $1.memoryBytes }, time: header.realTimeNs / 1_000_000_000,
      host: header.hostName, files: metadata.sharedObjects.files.count, notes: notes(metadata, request),
      problems: preflight.run())
  }

  private static func notes(_ metadata: ImageMetadata, _ request: RestartRequest) -> [String] {
    var notes: [String] = []
    if let saved = Terminals.saved(in: metadata.sharedObjects) {
      if !request.detached {
        let leads = metadata.processes.first?.controllingTerminal == true
        notes.append(
          "the job gets \(leads ? "a new terminal, shown in that" : "the terminal") that crtop is started from")
      } else if let path = Terminals.stillUsable(saved) {
        notes.append("the job gets its terminal \(path) again")
      } else {
        notes.append("the job's terminal is gone; its output goes to \(FileOpening.log(of: request, metadata.header))")
      }
    }
    if metadata.header.bootID != Machine.bootID {
      notes.append("the machine has been started anew since the checkpoint")
    }
    return notes
  }
}
