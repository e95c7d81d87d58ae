/// Tasks that are there for a while: they lead a session or group whose leader is gone, or end so that their child is adopted.

internal import CLinux
internal import Glibc
internal import ImageSchema
internal import SystemCalls
internal import Tracing

extension TaskCreation {
  /// Children in a session whose leader is gone: a placeholder leads it, and creates them as children of its own parent.
  func createOrphans(
    _ pids: [Int32], of session: Int32, _ parent: RestartingProcess, _ scaffold: borrowing Scaffold
  ) throws(Problem) -> [RestartingProcess] {
    let leader = try makePlaceholder(session, parent, leading: Int(SYS_setsid), scaffold)
    context.sessionPlaceholders.append((parent, leader))
    let siblings = pids.filter { context.byPID[$0]?.image.ppid == parent.pid }
    var created = try createSiblings(siblings, by: leader, slot: parent, scaffold)
    for pid in pids where !siblings.contains(pid) {
      created += try createAdopted(pid, by: leader, slot: parent, scaffold)
    }
    return created
  }

  /// A task in the creator's session whose parent, by which it was created, ends: so the ancestor that is to have it adopts it.
  func createAdopted(
    _ pid: Int32, by creator: TracedThread, slot leader: RestartingProcess, _ scaffold: borrowing Scaffold
  ) throws(Problem) -> [RestartingProcess] {
    guard let child = context.byPID[pid], let parent = context.byPID[child.image.ppid] else { return [] }
    try context.progress(child, .create)
    try setSubreaper(parent, true, scaffold)
    let between = try makeIntermediate(creator, slot: leader, scaffold)
    var calls = scaffold.newCalls(slot: leader.slot)
    addClone(tid: child.pid, flags: flags(of: child), exitSignal: UInt64(child.image.exitSignal), &calls)
    do throws(Problem) { try scaffold.run(between, &calls, stopSignal: leader.stopSignal) } catch {
      throw Self.creationProblem(error.errno, child.name)
    }
    try awaitBirth(of: [child])
    try endPlaceholder(between, of: creator, slot: leader, scaffold)
    try setSubreaper(parent, false, scaffold)
    var reader = ProcFileReader()
    let found = (try? reader.read("/proc/\(pid)/stat")).flatMap { ProcStat($0) }?.ppid
    guard found == parent.pid else {
      throw Problem(
        task: child.name, errno: .noChildProcess, what: "its parent \(parent.pid)",
        why: "process \(found ?? 0) has adopted it instead")
    }
    return [child]
  }

  private func setSubreaper(
    _ process: RestartingProcess, _ isOne: Bool, _ scaffold: borrowing Scaffold
  ) throws(Problem) {
    var calls = scaffold.newCalls(slot: process.slot)
    calls.call(
      Int(SYS_prctl), UInt64(PR_SET_CHILD_SUBREAPER), isOne ? 1 : 0, expecting: .value(0),
      naming: "adoption of a task (PR_SET_CHILD_SUBREAPER)")
    try run(&calls, process, scaffold)
  }

  /// A child of the leader with any pid that the job does not need.
  private func makeIntermediate(
    _ creator: TracedThread, slot leader: RestartingProcess, _ scaffold: borrowing Scaffold
  ) throws(Problem) -> TracedThread {
    var unsuitable: [TracedThread] = []
    while true {
      var calls = scaffold.newCalls(slot: leader.slot)
      let arguments = calls.place(words: [0, 0, 0, 0, UInt64(SIGCHLD), 0, 0, 0, 0, 0])
      let index = calls.call(Int(SYS_clone3), arguments, 80, naming: "creation of an intermediate task (clone3)")
      try scaffold.run(creator, &calls, stopSignal: leader.stopSignal)
      let pid = Int32(truncatingIfNeeded: calls.result(index))
      let thread = TracedThread(attached: pid, tgid: pid, comm: "crtop-between")
      try awaitStop(thread)
      context.created.append(thread)
      if context.processes.contains(where: { $0.needs(pid) }) {
        unsuitable.append(thread)
        continue
      }
      for other in unsuitable { try endPlaceholder(other, of: creator, slot: leader, scaffold) }
      return thread
    }
  }

  func makePlaceholder(
    _ group: Int32, _ creator: RestartingProcess, leading call: Int, _ scaffold: borrowing Scaffold
  ) throws(Problem) -> TracedThread {
    var calls = scaffold.newCalls(slot: creator.slot)
    addClone(tid: group, flags: 0, exitSignal: UInt64(SIGCHLD), &calls)
    do throws(Problem) { try run(&calls, creator, scaffold) } catch {
      throw Self.creationProblem(error.errno, TaskName(pid: group, comm: "placeholder of a leader"))
    }
    let thread = TracedThread(attached: group, tgid: group, comm: "crtop-leader")
    try awaitStop(thread)
    context.created.append(thread)
    calls = scaffold.newCalls(slot: creator.slot)
    calls.call(call, naming: "session or group of a leader that is gone")
    try scaffold.run(thread, &calls, stopSignal: creator.stopSignal)
    return thread
  }

  func endPlaceholder(
    _ thread: TracedThread, of creator: TracedThread, slot owner: RestartingProcess, _ scaffold: borrowing Scaffold
  ) throws(Problem) {
    var calls = scaffold.newCalls(slot: owner.slot)
    calls.call(Int(SYS_exit_group), 0, expecting: .anything, naming: "end of a placeholder")
    try scaffold.start(thread, calls, stopSignal: owner.stopSignal)
    _ = try scaffold.awaitEnd(thread)
    calls = scaffold.newCalls(slot: owner.slot)
    calls.call(
      Int(SYS_wait4), UInt64(thread.tid), 0, UInt64(WNOHANG), 0, expecting: .value(Int64(thread.tid)),
      naming: "end of a placeholder (wait4)")
    try scaffold.run(creator, &calls, stopSignal: owner.stopSignal)
  }
}
