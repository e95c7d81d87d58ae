/// Defines `TreePlan`: in which order processes are created and when sessions and groups are made, so that all come out as
/// they were.

internal import ImageSchema
internal import SystemCalls

/// A process inherits its session when it is created, and can leave it only by leading a new one. So the children of a
/// session leader fall in two: those of the session it was born in are created before its setsid(2), the others after.
struct TreePlan {
  /// Children by parent: created before, and after, the parent calls setsid(2).
  private(set) var early: [Int32: [Int32]] = [:]
  private(set) var late: [Int32: [Int32]] = [:]
  /// The session that the root is born in, led by a task outside the subtree; `nil`: any will do.
  private(set) var outerSession: Int32?
  /// The group that a task outside the subtree leads, and the root is in.
  private(set) var outerGroup: Int32?
  /// Groups whose leader is gone: group id to the member that creates a placeholder for it.
  private(set) var placeholders: [Int32: Int32] = [:]

  /// Plans, or says which session or group cannot be made again.
  init(_ processes: [ImageProcess]) throws(Problem) {
    var byPID: [Int32: ImageProcess] = [:]
    var children: [Int32: [ImageProcess]] = [:]
    for process in processes {
      byPID[process.pid] = process
      children[process.ppid, default: []].append(process)
    }
    guard let root = processes.first else { return }
    outerSession = try Self.birthSession(of: root, children)
    if let outerSession, byPID[outerSession]?.sid == outerSession { throw Self.impossible(root) }
    var birth: [Int32: Int32] = [root.pid: outerSession ?? 0]
    for process in processes {
      for child in children[process.pid] ?? [] {
        let wanted = try Self.birthSession(of: child, children)
        let isLate = process.sid == process.pid && (wanted == nil || wanted == process.pid)
        let session = isLate || process.sid != process.pid ? process.sid : (birth[process.pid] ?? 0)
        if let wanted, wanted != session { throw Self.impossible(child) }
        birth[child.pid] = session
        if isLate {
          late[process.pid, default: []].append(child.pid)
        } else {
          early[process.pid, default: []].append(child.pid)
        }
      }
    }
    try planGroups(processes, byPID)
  }

  /// The session a process must be born in: its own; if it leads that one, what its early children need.
  private static func birthSession(
    of process: ImageProcess, _ children: [Int32: [ImageProcess]]
  ) throws(Problem) -> Int32? {
    guard process.sid == process.pid else { return process.sid }
    var needed: Int32?
    for child in children[process.pid] ?? [] {
      guard let session = try birthSession(of: child, children), session != process.pid else { continue }
      if let needed, needed != session { throw impossible(child) }
      needed = session
    }
    return needed
  }

  private mutating func planGroups(
    _ processes: [ImageProcess], _ byPID: [Int32: ImageProcess]
  ) throws(Problem) {
    guard let root = processes.first else { return }
    if byPID[root.pgid] == nil { outerGroup = root.pgid }
    for process in processes where process.pgid != outerGroup && byPID[process.pgid]?.pgid != process.pgid {
      guard placeholders[process.pgid] == nil else { continue }
      let creator = process.state == .zombie ? process.ppid : process.pid
      guard byPID[process.pgid] == nil, let member = byPID[creator], member.sid == process.sid else {
        throw Problem(
          task: TaskName(pid: process.pid, comm: process.comm), errno: .notSupported,
          what: "its process group \(process.pgid)", why: "the group's leader is gone and cannot be stood in for")
      }
      placeholders[process.pgid] = creator
    }
  }

  private static func impossible(_ process: ImageProcess) -> Problem {
    Problem(
      task: TaskName(pid: process.pid, comm: process.comm), errno: .notSupported, what: "its session \(process.sid)",
      why: "the session's leader is gone, and no task of the subtree could have been born in it",
      remedy: "checkpoint a larger subtree that has the session's leader")
  }
}
