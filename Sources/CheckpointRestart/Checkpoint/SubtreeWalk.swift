/// Walks a subtree that is not stopped, for a preflight or the freezer.

internal import SystemCalls

enum SubtreeWalk {
  /// Adds the subtree's processes and threads to the context, parents first. Tasks that end meanwhile are left out.
  static func fill(_ context: CheckpointContext, root: TaskIdentity) throws(Problem) {
    try add(root.pid, parent: 0, root, context)
    var index = 0
    while index < context.processes.count {
      let process = context.processes[index]
      for thread in process.threads {
        guard var list = try? context.reader.read("/proc/\(process.pid)/task/\(thread.tid)/children") else { continue }
        while let child = list.unsigned() {
          try add(Int32(truncatingIfNeeded: child), parent: process.pid, nil, context)
          list.skip(UInt8(ascii: " "))
        }
      }
      index += 1
    }
  }

  private static func add(
    _ pid: Int32, parent: Int32, _ identity: TaskIdentity?, _ context: CheckpointContext
  ) throws(Problem) {
    guard context.byPID[pid] == nil else { return }
    guard let stat = (try? context.reader.read("/proc/\(pid)/stat")).flatMap({ ProcStat($0) }),
      let status = (try? context.reader.read("/proc/\(pid)/status")).map({ ProcStatus($0) })
    else {
      if parent != 0 { return }
      throw Problem(errno: .noSuchProcess, what: "process \(pid)", why: "there is no such process")
    }
    if let expected = identity?.startTime, expected != stat.startTime {
      throw Problem(errno: .noSuchProcess, what: "process \(pid)", why: "it has ended; another process has its pid now")
    }
    let process = JobProcess(pid: pid, parent: parent, stat: stat, status: status)
    let tids = ((try? directoryEntries("/proc/\(pid)/task")) ?? []).compactMap { Int32($0) }
    if !process.isCaller {
      process.threads = tids.sorted { ($0 == pid ? 0 : 1, $0) < ($1 == pid ? 0 : 1, $1) }
        .filter { !stat.isZombie || $0 != pid }.map { JobThread(tid: $0, tgid: pid, comm: stat.name) }
    }
    if process.hasDeadLeader { process.readStatus(&context.reader) }
    context.processes.append(process)
    context.byPID[pid] = process
  }
}
