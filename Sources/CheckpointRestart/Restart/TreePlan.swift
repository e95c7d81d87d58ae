/// Defines `TreePlan`: in which order processes are created and when sessions and groups are made, so that all come out as
/// they were.

internal import CLinux
internal import ImageSchema
internal import SystemCalls

/// A process inherits its session when it is created, and can leave it only by leading a new one. So the children of a
/// session leader fall in two: those of the session it was born in are created before its setsid(2), the others after.
struct TreePlan {
  /// Children by parent: created before, and after, the parent calls setsid(2).
  private(set) var early: [Int32: [Int32]] = [:]
  private(set) var late: [Int32: [Int32]] = [:]
  /// The session that the root is born in, led by a task outside the subtree, or 0: outside the pid namespace, as in a
  /// container entered from its host; `nil`: any will do.
  private(set) var outerSession: Int32?
  /// The group that a task outside the subtree leads, and the root is in.
  private(set) var outerGroup: Int32?
  /// Groups whose leader is gone: group id to the member that creates a placeholder for it.
  private(set) var placeholders: [Int32: Int32] = [:]

  /// Sessions whose leader is gone: by the lowest of the parents of those in it, the session and all these children.
  private(set) var sessionPlaceholders: [Int32: [Int32: [Int32]]] = [:]

  /// By their creator, children of its own parent (CLONE_PARENT): those that are in its session while the parent is not,
  /// or that share tables with it that the parent does not have.
  private(set) var siblings: [Int32: [Int32]] = [:]
  /// By the leader of their session, tasks below it whose parents have ended, so that an ancestor of the leader has adopted
  /// them: init or a subreaper (prctl(2)).
  private(set) var adoptions: [Int32: [Int32]] = [:]
  /// Processes that have led a group, which is there still, and are in another now.
  private(set) var founders: Set<Int32> = []
  /// Flags of clone(2): which tables a process shares with its creator.
  private(set) var flags: [Int32: UInt64] = [:]

  /// Plans, or says which session or group cannot be made again.
  init(_ processes: [ImageProcess]) throws(Problem) {
    var byPID: [Int32: ImageProcess] = [:]
    var children: [Int32: [ImageProcess]] = [:]
    for process in processes {
      byPID[process.pid] = process
      children[process.ppid, default: []].append(process)
    }
    guard let root = processes.first else { return }
    outerSession = root.sid == root.pid ? nil : root.sid
    var birth: [Int32: Int32] = [root.pid: outerSession ?? 0]
    let origins = Self.origins(processes, byPID)
    var ghosts: [Int32: [ImageProcess]] = [:]
    for process in processes {
      let isLeader = process.sid == process.pid
      for child in children[process.pid] ?? [] {
        let session = origins[child.pid] ?? (child.sid == child.pid ? process.sid : child.sid)
        birth[child.pid] = session
        if let flags = Self.flags(child, createdBy: process) {
          self.flags[child.pid] = flags
        } else {
          let creator = try Self.creator(of: child, among: children[process.pid] ?? [])
          siblings[creator.pid, default: []].append(child.pid)
          self.flags[child.pid] = Self.flags(child, createdBy: creator)
          birth[child.pid] = creator.sid
          continue
        }
        if session == process.sid {
          if isLeader {
            late[process.pid, default: []].append(child.pid)
          } else {
            early[process.pid, default: []].append(child.pid)
          }
        } else if isLeader && birth[process.pid] == session {
          early[process.pid, default: []].append(child.pid)
        } else if let leader = byPID[session], leader.sid == leader.pid, leader.ppid == process.pid,
          leader.exitSignal == child.exitSignal, flags[child.pid] == 0
        {
          siblings[leader.pid, default: []].append(child.pid)
        } else if let leader = byPID[session], leader.sid == leader.pid, child.exitSignal == SIGCHLD,
          flags[child.pid] == 0, Self.isAncestor(process, of: leader, byPID)
        {
          adoptions[leader.pid, default: []].append(child.pid)
        } else {
          guard session != 0, byPID[session] == nil, flags[child.pid] == 0, child.exitSignal == SIGCHLD else {
            throw Self.impossible(child)
          }
          ghosts[session, default: []].append(child)
        }
      }
    }
    for (session, members) in ghosts {
      let parents = Set(members.map(\.ppid)).compactMap { byPID[$0] }
      // The lowest is below all others.
      let lowest = parents.first { lowest in
        parents.allSatisfy { $0.pid == lowest.pid || Self.isAncestor($0, of: lowest, byPID) }
      }
      guard let lowest else { throw Self.impossible(members[0]) }
      sessionPlaceholders[lowest.pid, default: [:]][session] = members.map(\.pid)
    }
    try planGroups(processes, byPID)
    try checkReachable(processes)
  }

  /// Sessions that leaders were born in, where those are not their parents': an orphan that leads one may have children that
  /// it had before, in a session that is led elsewhere.
  private static func origins(_ processes: [ImageProcess], _ byPID: [Int32: ImageProcess]) -> [Int32: Int32] {
    var origins: [Int32: Int32] = [:]
    for child in processes where child.sid != child.pid {
      guard let parent = byPID[child.ppid], parent.sid == parent.pid, parent.sid != child.sid,
        let grandparent = byPID[parent.ppid], grandparent.sid != child.sid,
        let leader = byPID[child.sid], !isAncestor(parent, of: leader, byPID)
      else { continue }
      origins[parent.pid] = child.sid
    }
    return origins
  }

  private static func isAncestor(
    _ process: ImageProcess, of other: ImageProcess, _ byPID: [Int32: ImageProcess]
  ) -> Bool {
    var parent = byPID[other.ppid]
    // An image may have a ring.
    for _ in 0..<byPID.count {
      guard let current = parent else { return false }
      if current.pid == process.pid { return true }
      parent = byPID[current.ppid]
    }
    return false
  }

  /// Every task is created by one that has been created before.
  private func checkReachable(_ processes: [ImageProcess]) throws(Problem) {
    var reached = Set(processes.first.map { [$0.pid] } ?? [])
    var level = reached
    while !level.isEmpty {
      let next = level.flatMap { pid in
        [early, late, siblings, adoptions].flatMap { $0[pid] ?? [] }
          + (sessionPlaceholders[pid] ?? [:]).values.flatMap { $0 }
      }
      level = Set(next).subtracting(reached)
      reached.formUnion(level)
    }
    if let process = processes.first(where: { !reached.contains($0.pid) }) { throw Self.impossible(process) }
  }

  /// What a process shares with its creator; `nil`: it shares something with others that its creator does not have.
  private static func flags(_ process: ImageProcess, createdBy creator: ImageProcess) -> UInt64? {
    var flags: UInt64 = 0
    for table in SharedTables.tables {
      let owner = process.sharedTables[keyPath: table.owner]
      if owner == 0 { continue }
      guard owner == creator.pid || owner == creator.sharedTables[keyPath: table.owner] else { return nil }
      flags |= table.flag
    }
    return flags
  }

  /// A sibling, created before, that has all that the process shares.
  private static func creator(of process: ImageProcess, among siblings: [ImageProcess]) throws(Problem) -> ImageProcess
  {
    for sibling in siblings.prefix(while: { $0.pid != process.pid }) where sibling.state != .zombie {
      if flags(process, createdBy: sibling) != nil, process.sid == sibling.sid || process.sid == process.pid,
        process.exitSignal == sibling.exitSignal
      {
        return sibling
      }
    }
    let tables = SharedTables.tables.filter { process.sharedTables[keyPath: $0.owner] != 0 }
    let what = tables.map { "\($0.what) with process \(process.sharedTables[keyPath: $0.owner])" }
    throw Problem(
      task: TaskName(pid: process.pid, comm: process.comm), errno: .notSupported,
      what: "what it shares: \(what.joined(separator: ", "))",
      why: "neither its parent nor a sibling has all of that, so no task could create it again")
  }

  private mutating func planGroups(
    _ processes: [ImageProcess], _ byPID: [Int32: ImageProcess]
  ) throws(Problem) {
    guard let root = processes.first else { return }
    if byPID[root.pgid] == nil { outerGroup = root.pgid }
    let sessions = Set(sessionPlaceholders.values.flatMap(\.keys))
    for process in processes where process.pgid != outerGroup && byPID[process.pgid]?.pgid != process.pgid {
      guard placeholders[process.pgid] == nil, !sessions.contains(process.pgid) else { continue }
      if let founder = byPID[process.pgid], founder.sid == process.sid {
        founders.insert(founder.pid)
        continue
      }
      // A zombie to be borrows the memory of another.
      let creators = process.state == .zombie ? [process.ppid, process.sid, process.pid] : [process.pid]
      guard process.pgid != 0, byPID[process.pgid] == nil,
        let creator = creators.first(where: { byPID[$0]?.sid == process.sid })
      else {
        throw Problem(
          task: TaskName(pid: process.pid, comm: process.comm), errno: .notSupported,
          what: "its process group \(process.pgid)",
          why: "the group's leader is gone, or outside the pid namespace, and cannot be stood in for")
      }
      placeholders[process.pgid] = creator
    }
  }

  private static func impossible(_ process: ImageProcess) -> Problem {
    Problem(
      task: TaskName(pid: process.pid, comm: process.comm), errno: .notSupported, what: "its session \(process.sid)",
      why: process.sid == 0
        ? "its leader is outside the pid namespace" : "no task that could create it is in that session",
      remedy: "checkpoint a larger subtree that has the session's leader")
  }
}
