/// What threads of one group share and processes may: memory, descriptors, file system context, signal actions, I/O context
/// (clone(2) with CLONE_VM, CLONE_FILES, CLONE_FS, CLONE_SIGHAND, CLONE_IO). A table of a single thread (unshare(2)) is
/// refused, as is one that is shared with a process outside.

internal import CLinux
internal import Glibc
internal import ImageSchema
internal import SystemCalls
internal import Tracing

enum SharedTables: ThreadState {
  struct Table: Sendable {
    let type: kcmp_type
    let what: String
    /// The flag of clone(2).
    let flag: UInt64
    /// Where the image says with whom it is shared.
    let owner: any WritableKeyPath<ImageSharedTables, Int32> & Sendable
  }

  static let tables = [
    Table(type: KCMP_FILES, what: "descriptor table", flag: UInt64(CLONE_FILES), owner: \.files),
    Table(type: KCMP_FS, what: "working directory and umask", flag: UInt64(CLONE_FS), owner: \.fileSystem),
    Table(type: KCMP_VM, what: "memory", flag: UInt64(CLONE_VM), owner: \.memory),
    Table(type: KCMP_SIGHAND, what: "signal actions", flag: UInt64(CLONE_SIGHAND), owner: \.signalActions),
    Table(type: KCMP_IO, what: "I/O context", flag: UInt64(CLONE_IO), owner: \.ioContext),
  ]

  /// A thread that has tables or namespaces of its own.
  static func inspect(
    _ thread: JobThread, of process: JobProcess, _ context: CheckpointContext, _ reader: inout ProcFileReader
  ) {
    guard thread.tid != process.driver else { return }
    let remedy = "let that thread end before the checkpoint"
    for table in tables.prefix(2) where (compareTasks(thread.tid, process.driver, table.type) ?? 0) != 0 {
      context.refuse(
        process.problem(
          .notSupported, "its thread \(thread.tid)", why: "it has a \(table.what) of its own (unshare(2))",
          remedy: remedy))
    }
    for name in Namespaces.names where !Namespaces.commonToThreads.contains(name) {
      guard let own = context.namespaces[name],
        let its = try? readLink("/proc/\(process.pid)/task/\(thread.tid)/ns/\(name)"), its != own
      else { continue }
      context.refuse(
        process.problem(
          .notSupported, "its thread \(thread.tid)", why: "it is in a \(name) namespace of its own", remedy: remedy))
    }
  }

  /// Finds who shares what. The processes are kept in the kernel's order, so that few comparisons find an equal one.
  static func find(_ context: CheckpointContext) {
    let processes = context.liveProcesses
    context.tableOwners = []
    for table in tables {
      var sorted: [JobProcess] = []
      for process in processes {
        // The only one that a task may lack.
        if table.type == KCMP_IO, context.has(KCMP_IO, process.driver) != true { continue }
        let (place, owner) = search(process.driver, in: sorted, table)
        if let owner {
          process.image.sharedTables[keyPath: table.owner] = owner.pid
        } else {
          sorted.insert(process, at: place)
        }
      }
      if table.type == KCMP_IO { refuseThreads(with: sorted, table, context) }
      context.tableOwners.append((table, sorted))
    }
  }

  /// What a process outside the subtree shares with the job. Shared signal actions are of shared memory.
  static func problems(_ outsider: Int32, _ owners: [(table: Table, sorted: [JobProcess])]) -> [Problem] {
    owners.filter { $0.table.type != KCMP_SIGHAND }.compactMap { table, sorted in
      search(outsider, in: sorted, table).owner?.problem(
        .notSupported, "its \(table.what)", why: "it is shared with process \(outsider) outside the subtree (clone(2))",
        remedy: "checkpoint a subtree that has both, or end that process")
    }
  }

  /// pthread_create(3) gives no thread the I/O context of another.
  private static func refuseThreads(with sorted: [JobProcess], _ table: Table, _ context: CheckpointContext) {
    for process in context.liveProcesses {
      for thread in process.threads.dropFirst() where context.has(KCMP_IO, thread.tid) == true {
        guard let owner = search(thread.tid, in: sorted, table).owner else { continue }
        context.refuse(
          process.problem(
            .notSupported, "the \(table.what) of its thread \(thread.tid)",
            why: "it is shared with task \(owner.driver) (clone(2) with CLONE_IO)",
            remedy: "let that thread end before the checkpoint"))
      }
    }
  }

  private static func search(
    _ pid: Int32, in sorted: [JobProcess], _ table: Table
  ) -> (place: Int, owner: JobProcess?) {
    var (low, high) = (0, sorted.count)
    while low < high {
      let middle = (low + high) / 2
      switch compareTasks(pid, sorted[middle].driver, table.type) {
      case 0: return (middle, sorted[middle])
      case 1: high = middle
      default: low = middle + 1
      }
    }
    return (low, nil)
  }
}

extension ImageSharedTables {
  /// Whether anything is shared with a process before this one.
  var isEmpty: Bool { SharedTables.tables.allSatisfy { self[keyPath: $0.owner] == 0 } }
}
