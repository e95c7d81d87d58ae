/// Defines `JSONEvent`, a line of `crtop restart --json` as it is read by another crtop.

internal import CheckpointRestart
internal import FoundationEssentials
internal import SystemCalls

enum JSONEvent {
  case progress(OperationEvent)
  case problem(Problem)
  case done(OperationSummary)

  /// The members of all events; those that an event does not have are missing.
  private struct Members: Decodable {
    var event: String
    var pid: Int32?
    var comm: String?
    var phase: String?
    var done: UInt64?
    var total: UInt64?
    var text: String?
    var code: String?
    var what: String?
    var why: String?
    var remedy: String?
    var image: String?
    var root: Int32?
    var tasks: Int?
    var threads: Int?
    var zombies: Int?
    var bytes: UInt64?
    var elapsed_us: Int64?

    var task: TaskName? { pid.map { TaskName(pid: $0, comm: comm ?? "") } }
  }

  /// `nil`: no event, or one that tells nothing that the others do not tell.
  init?(_ line: ArraySlice<UInt8>) {
    guard let members = try? JSONDecoder().decode(Members.self, from: Data(line)) else { return nil }
    switch members.event {
    case "task":
      guard let task = members.task, let phase = members.phase.flatMap(OperationPhase.init) else { return nil }
      self = .progress(
        .task(TaskProgress(task: task, phase: phase, done: members.done ?? 0, total: members.total ?? 0)))
    case "note": self = .progress(.note(members.task, members.text ?? ""))
    case "error":
      self = .problem(
        Problem(
          task: members.task, errno: Errno(symbol: members.code ?? "") ?? .ioError, what: members.what ?? "",
          why: members.why ?? "", remedy: members.remedy ?? ""))
    case "done":
      self = .done(
        OperationSummary(
          operation: "restart", image: members.image ?? "", root: members.root ?? 0, tasks: members.tasks ?? 0,
          threads: members.threads ?? 0, zombies: members.zombies ?? 0, bytes: members.bytes ?? 0,
          elapsedMicroseconds: members.elapsed_us ?? 0))
    default: return nil
    }
  }
}
