/// Defines `TaskCreation`: creates all processes of the tree with their pids, sessions and groups, and their threads.

internal import CLinux
internal import Glibc
internal import ImageSchema
internal import SystemCalls
internal import Tracing

/// New tasks are stopped from birth, share nothing but the scaffold with crtop, and die with it.
struct TaskCreation: ~Copyable {
  let context: RestartContext
  private let plan: TreePlan
  private let options: Int

  init(_ context: RestartContext, _ plan: TreePlan) {
    self.context = context
    let wanted = [PTRACE_O_EXITKILL, PTRACE_O_TRACECLONE, PTRACE_O_TRACEFORK, PTRACE_O_TRACEVFORK]
    // New tasks inherit the options of their creators, so that no seccomp mode stands in the way.
    options = (wanted + (context.usesSeccomp ? [PTRACE_O_SUSPEND_SECCOMP] : [])).reduce(0) { $0 | Int($1.rawValue) }
    self.plan = plan
    for (creator, siblings) in Array(plan.siblings) + Array(plan.adoptions) {
      for sibling in siblings { context.byPID[sibling]?.creator = creator }
    }
    for (creator, sessions) in plan.sessionPlaceholders {
      for child in sessions.values.joined() { context.byPID[child]?.creator = creator }
    }
  }

  // MARK: - Processes

  /// Creates all processes, level by level. Each has its memory before it has children: they inherit what they share.
  func createProcesses(
    _ scaffold: borrowing Scaffold, _ execution: ProgramExecution, _ memory: inout MemoryFill
  ) throws(Problem) {
    guard let root = context.processes.first else { return }
    try createRoot(root, scaffold)
    var level = [root]
    while !level.isEmpty {
      // First, so that their memory is charged to those groups.
      for process in level { Cgroups.join(process, context) }
      try execution.run(level, scaffold, self)
      try memory.run(level, scaffold)
      var next: [RestartingProcess] = []
      next += try createChildren(of: level, plan.early, scaffold)
      try leadSessions(level, scaffold)
      next += try createChildren(of: level, plan.late, scaffold)
      for leader in level {
        let children = plan.siblings[leader.pid] ?? []
        next += try createSiblings(children, by: leader.leader, slot: leader, scaffold)
      }
      for leader in level {
        for child in plan.adoptions[leader.pid] ?? [] {
          next += try createAdopted(child, by: leader.leader, slot: leader, scaffold)
        }
      }
      for parent in level {
        for (session, children) in (plan.sessionPlaceholders[parent.pid] ?? [:]).sorted(by: { $0.key < $1.key }) {
          next += try createOrphans(children, of: session, parent, scaffold)
        }
      }
      level = next
    }
    try joinGroups(scaffold)
    for placeholder in context.sessionPlaceholders {
      try endPlaceholder(placeholder.thread, of: placeholder.creator.leader, slot: placeholder.creator, scaffold)
    }
  }

  private func createRoot(_ root: RestartingProcess, _ scaffold: borrowing Scaffold) throws(Problem) {
    guard context.request.detached else {
      let first = try spawn(root.pid, root.image.comm)
      try clear(first, scaffold, root)
      return
    }
    // A nursery leads the new session; when it has ended, the root is a child of init.
    let session = plan.outerSession.map { isFree($0) ? $0 : 0 } ?? 0
    let nursery = try spawn(session, "crtop-nursery")
    try clear(nursery, scaffold, root)
    var calls = scaffold.newCalls(slot: root.slot)
    calls.call(Int(SYS_setsid), naming: "session of the job (setsid)")
    addClone(tid: root.pid, flags: 0, exitSignal: UInt64(SIGCHLD), &calls)
    do throws(Problem) { try scaffold.run(nursery, &calls, stopSignal: root.stopSignal) } catch {
      throw Self.creationProblem(error.errno, root.name)
    }
    try awaitStop(root.leader)
    if let outer = plan.outerSession, session == 0 {
      context.report.event(
        .note(
          nil, "session \(outer) is led by a task outside the image and exists; the job is in session \(nursery.tid)"))
    }
    calls = scaffold.newCalls(slot: root.slot)
    calls.call(Int(SYS_exit_group), 0, expecting: .anything, naming: "end of the nursery")
    try scaffold.start(nursery, calls, stopSignal: root.stopSignal)
    _ = try scaffold.awaitEnd(nursery)
  }

  private func isFree(_ pid: Int32) -> Bool { (try? fileStatus("/proc/\(pid)")) == nil }

  /// The first task: a child of crtop that waits until it is traced.
  private func spawn(_ pid: Int32, _ comm: String) throws(Problem) -> TracedThread {
    let child: Int32
    do throws(Errno) { child = try systemCall { crtop_clone_waiting_child(pid) } } catch {
      throw Self.creationProblem(error, TaskName(pid: pid, comm: comm))
    }
    let thread = TracedThread(tid: child, tgid: child, comm: comm)
    context.created.append(thread)
    do throws(Errno) {
      try thread.seize(options: options)
      _ = try thread.waitForStop()
    } catch { throw error.problem(task: thread.name, "cannot trace the new task") }
    return thread
  }

  /// Nothing of crtop, or of a program just executed, stays in the new task: no memory, no descriptors but the job's, no rseq
  /// registration.
  func clear(
    _ thread: TracedThread, _ scaffold: borrowing Scaffold, _ process: RestartingProcess, is32Bit: Bool = false
  ) throws(Problem) {
    var calls = scaffold.newCalls(slot: process.slot)
    if let rseq = try? thread.restartableSequence() {
      calls.call(
        Int(SYS_rseq), UInt64(rseq.rseq_abi_pointer), UInt64(rseq.rseq_abi_size), 1, UInt64(rseq.signature),
        expecting: .value(0), naming: "restartable sequences (rseq)")
    }
    let base = UInt64(context.inherited.base)
    calls.call(Int(SYS_close_range), 0, base - 1, 0, expecting: .value(0), naming: "descriptors (close_range)")
    let end = is32Bit ? ImageValidation.userEnd32 : ImageValidation.userEnd - pageSize
    calls.call(Int(SYS_munmap), 0, scaffold.range.lowerBound, expecting: .value(0), naming: "memory (munmap)")
    calls.call(
      Int(SYS_munmap), scaffold.range.upperBound, end - scaffold.range.upperBound, expecting: .value(0),
      naming: "memory (munmap)")
    let none = calls.place(words: [0, 2, 0])  // SS_DISABLE
    calls.call(Int(SYS_sigaltstack), none, 0, expecting: .value(0), naming: "alternate signal stack (sigaltstack)")
    try scaffold.run(thread, &calls, stopSignal: process.stopSignal)
  }

  private func createChildren(
    of parents: [RestartingProcess], _ children: [Int32: [Int32]], _ scaffold: borrowing Scaffold
  ) throws(Problem) -> [RestartingProcess] {
    var lists: [(parent: RestartingProcess, calls: RemoteCalls, children: [RestartingProcess])] = []
    for parent in parents {
      let wanted = (children[parent.pid] ?? []).compactMap { context.byPID[$0] }
      guard !wanted.isEmpty else { continue }
      var calls = scaffold.newCalls(slot: parent.slot)
      for child in wanted {
        try context.progress(child, .create)
        addClone(
          tid: child.pid, flags: flags(of: child), exitSignal: UInt64(child.image.exitSignal), &calls)
      }
      try scaffold.start(parent.leader, calls, stopSignal: parent.stopSignal)
      lists.append((parent, calls, wanted))
    }
    for index in lists.indices {
      do throws(Problem) {
        try scaffold.finish(lists[index].parent.leader, &lists[index].calls, stopSignal: lists[index].parent.stopSignal)
      } catch {
        let failed = lists[index].calls.firstFailure.map { lists[index].children[$0].name }
        throw Self.creationProblem(error.errno, failed ?? lists[index].parent.name)
      }
      try awaitBirth(of: lists[index].children)
    }
    return lists.flatMap(\.children)
  }

  /// Children of the creator's own parent; they are born in the creator's session.
  func createSiblings(
    _ pids: [Int32], by creator: TracedThread, slot owner: RestartingProcess, _ scaffold: borrowing Scaffold
  ) throws(Problem) -> [RestartingProcess] {
    let children = pids.compactMap { context.byPID[$0] }
    guard !children.isEmpty else { return [] }
    var calls = scaffold.newCalls(slot: owner.slot)
    for child in children {
      try context.progress(child, .create)
      let flags = UInt64(CLONE_PARENT) | flags(of: child)
      addClone(tid: child.pid, flags: flags, exitSignal: 0, &calls)
    }
    do throws(Problem) {
      try scaffold.run(creator, &calls, stopSignal: owner.stopSignal)
    } catch { throw Self.creationProblem(error.errno, calls.firstFailure.map { children[$0].name } ?? owner.name) }
    try awaitBirth(of: children)
    return children
  }

  func flags(of process: RestartingProcess) -> UInt64 {
    (plan.flags[process.pid] ?? 0) | Zombies.cloneFlags(process.image)
  }

  /// clone3(2) with set_tid: struct clone_args of the second version, 80 bytes.
  func addClone(tid: Int32, flags: UInt64, exitSignal: UInt64, _ calls: inout RemoteCalls) {
    let wanted = calls.place(words: [UInt64(UInt32(bitPattern: tid))])
    // The kernel creates an I/O context when the priority is first set; without one there is nothing to share.
    if flags & UInt64(CLONE_IO) != 0 {
      calls.call(Int(SYS_ioprio_set), 1, 0, 0, expecting: .value(0), naming: "I/O context (ioprio_set)")
    }
    let arguments = calls.place(words: [flags, 0, 0, 0, exitSignal, 0, 0, 0, wanted, 1])
    calls.call(
      Int(SYS_clone3), arguments, 80, expecting: .value(Int64(tid)), naming: "creation of the task (clone3)")
  }

  func awaitBirth(of processes: [RestartingProcess]) throws(Problem) {
    for process in processes {
      try awaitStop(process.leader)
      context.created.append(process.leader)
    }
  }

  func awaitStop(_ thread: TracedThread) throws(Problem) {
    do throws(Errno) {
      guard case .interrupted = try thread.waitForStop() else { throw .noSuchProcess }
    } catch { throw error.problem(task: thread.name, "the new task does not stop") }
  }

  static func creationProblem(_ errno: Errno, _ name: TaskName) -> Problem {
    switch errno {
    case .fileExists:
      Problem(
        task: name, errno: errno, what: "pid \(name.pid)",
        why: "it is taken, by a process, a thread, a group or a session",
        remedy: "wait until it is free, or restart after a reboot")
    case .notPermitted:
      Problem(
        task: name, errno: errno, what: "pid \(name.pid)",
        why: "choosing a pid needs CAP_CHECKPOINT_RESTORE or CAP_SYS_ADMIN",
        remedy: "run crtop as root")
    default: errno.problem(task: name, "cannot create the task (clone3)")
    }
  }

  // MARK: - Sessions and groups

  private func leadSessions(_ level: [RestartingProcess], _ scaffold: borrowing Scaffold) throws(Problem) {
    for process in level where process.image.sid == process.pid {
      var calls = scaffold.newCalls(slot: process.slot)
      calls.call(Int(SYS_setsid), expecting: .value(Int64(process.pid)), naming: "session (setsid)")
      try run(&calls, process, scaffold)
    }
  }

  /// Leaders first, then placeholders for those that are gone, then the members.
  private func joinGroups(_ scaffold: borrowing Scaffold) throws(Problem) {
    for process in context.processes where process.image.sid != process.pid {
      guard process.image.pgid == process.pid || plan.founders.contains(process.pid) else { continue }
      try join(process, process.pid, scaffold)
    }
    var placeholders: [(group: Int32, creator: RestartingProcess, thread: TracedThread)] = []
    for (group, creator) in plan.placeholders.sorted(by: { $0.key < $1.key }) {
      guard let creator = context.byPID[creator] else { continue }
      placeholders.append((group, creator, try makePlaceholder(group, creator, leading: Int(SYS_setpgid), scaffold)))
    }
    for process in context.processes where process.image.pgid != process.pid && process.image.pgid != plan.outerGroup {
      try join(process, process.image.pgid, scaffold)
    }
    for placeholder in placeholders {
      try endPlaceholder(placeholder.thread, of: placeholder.creator.leader, slot: placeholder.creator, scaffold)
    }
  }

  private func join(_ process: RestartingProcess, _ group: Int32, _ scaffold: borrowing Scaffold) throws(Problem) {
    var calls = scaffold.newCalls(slot: process.slot)
    calls.call(Int(SYS_setpgid), 0, UInt64(group), expecting: .value(0), naming: "process group (setpgid)")
    try run(&calls, process, scaffold)
  }

  func run(
    _ calls: inout RemoteCalls, _ process: RestartingProcess, _ scaffold: borrowing Scaffold
  ) throws(Problem) {
    try scaffold.run(process.leader, &calls, stopSignal: process.stopSignal)
  }

  // MARK: - Threads

  /// Creates the other threads of a process with their tids.
  func createThreads(of process: RestartingProcess, _ scaffold: borrowing Scaffold) throws(Problem) {
    let living = process.image.deadLeader ? [] : process.image.threads.prefix(1)
    process.threads = living.map { RestartingThread($0, traced: process.leader) }
    let flags = UInt64(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM)
    let others = Array(process.image.threads.dropFirst(living.count))
    // A clone needs 88 bytes of data.
    for start in stride(from: 0, to: others.count, by: 256) {
      let part = others[start..<min(start + 256, others.count)]
      var calls = scaffold.newCalls(slot: process.slot)
      for thread in part { addClone(tid: thread.tid, flags: flags, exitSignal: 0, &calls) }
      do throws(Problem) { try run(&calls, process, scaffold) } catch {
        throw Self.creationProblem(error.errno, process.name)
      }
      for image in part {
        let thread = TracedThread(attached: image.tid, tgid: process.pid, comm: image.comm)
        try awaitStop(thread)
        process.threads.append(RestartingThread(image, traced: thread))
      }
    }
  }
}
