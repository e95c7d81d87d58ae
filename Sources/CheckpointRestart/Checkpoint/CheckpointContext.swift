/// Defines `CheckpointContext`, the one object that the kinds of state share while a subtree is inspected and saved.

internal import CLinux
internal import Glibc
internal import ImageSchema
internal import Synchronization
internal import SystemCalls

/// The job, what was found wrong with it, and what its tasks share.
final class CheckpointContext {
  let root: Int32
  /// Parents before their children.
  var processes: [JobProcess] = []
  var byPID: [Int32: JobProcess] = [:]
  private let found = Mutex<[Problem]>([])
  /// All that was refused so far.
  var problems: [Problem] { found.withLock { $0 } }
  let acceptedLosses: Set<AcceptedLoss>
  /// Files by path, open file descriptions and pipes, each once.
  let shared = SharedObjectTable()
  /// For the engine's own thread, not for the inspection of many processes at once.
  var reader = ProcFileReader(capacity: 65536)
  let namespaces: [String: String]
  private let emptyTasks = Mutex<[UserAndGroup: EmptyTask]>([:])
  /// The first process that has each table, in the kernel's order.
  var tableOwners: [(table: SharedTables.Table, sorted: [JobProcess])] = []

  /// The job is only looked at and runs on: what is read of it may be old already.
  let isPreflight: Bool

  init(root: Int32, isPreflight: Bool, acceptedLosses: Set<AcceptedLoss>) {
    self.root = root
    self.isPreflight = isPreflight
    self.acceptedLosses = acceptedLosses
    namespaces = Namespaces.expected(root)
    // Created before the job stands still; most jobs have one user.
    guard !isPreflight, let status = (try? reader.read("/proc/\(root)/status")).map({ ProcStatus($0) }),
      let user = status.userIDs.first, let group = status.groupIDs.first
    else { return }
    _ = emptyTask(user: user, group: group)
  }

  private struct UserAndGroup: Hashable {
    var user: UInt32
    var group: UInt32
  }

  /// An empty task with these ids.
  func emptyTask(user: UInt32, group: UInt32) -> EmptyTask {
    emptyTasks.withLock { tasks in
      let ids = UserAndGroup(user: user, group: group)
      if let task = tasks[ids] { return task }
      let task = EmptyTask(user: user, group: group)
      tasks[ids] = task
      return task
    }
  }

  /// Whether a task has one of what tasks may share or lack; `nil` where that cannot be known.
  func has(_ type: kcmp_type, _ task: Int32) -> Bool? {
    // As a rule crtop has none either, which is known without another task. That it shares the job's is found at the stop.
    if isPreflight && compareTasks(task, getpid(), type) == 0 { return false }
    let any = emptyTasks.withLock { $0.values.first } ?? emptyTask(user: getuid(), group: getgid())
    return any.isUnlike(task, type)
  }

  /// Adds a problem; inspection goes on, since all of them are reported.
  func refuse(_ problem: Problem) { found.withLock { $0.append(problem) } }

  /// Reads a file of /proc about a process; a failure becomes a problem.
  func read(_ file: String, of process: JobProcess, capacity: Int = 4096) -> ByteScanner? {
    var reader = ProcFileReader(capacity: capacity)
    do { return try reader.read("/proc/\(process.driver)/\(file)") } catch {
      refuse(error.problem(task: process.name, "cannot read /proc/\(process.driver)/\(file)"))
      return nil
    }
  }

  var liveProcesses: [JobProcess] { processes.filter { !$0.isZombie } }
}
