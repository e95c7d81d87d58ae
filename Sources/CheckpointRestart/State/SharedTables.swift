/// What threads of one group share and processes do not: memory, descriptors, file system context, signal actions. Any other
/// arrangement (clone(2) with CLONE_VM or CLONE_FILES without CLONE_THREAD, unshare(2) in one thread) is refused.

internal import CLinux
internal import Glibc
internal import SystemCalls
internal import Tracing

enum SharedTables: ThreadState {
  private static let tables: [(type: kcmp_type, what: String)] = [
    (KCMP_FILES, "descriptor table"), (KCMP_FS, "working directory and umask"), (KCMP_VM, "memory"),
    (KCMP_SIGHAND, "signal actions"),
  ]

  /// kcmp(2): 0 equal, 1 less, 2 greater; `nil` where it does not answer.
  private static func compare(_ first: Int32, _ second: Int32, _ type: kcmp_type) -> Int? {
    try? rawSystemCall(Int(SYS_kcmp), Int(first), Int(second), Int(type.rawValue))
  }

  /// A thread that has tables or namespaces of its own.
  static func inspect(
    _ thread: JobThread, of process: JobProcess, _ context: CheckpointContext, _ reader: inout ProcFileReader
  ) {
    guard thread.tid != process.pid else { return }
    for table in tables.prefix(2) where (compare(thread.tid, process.pid, table.type) ?? 0) != 0 {
      refuse(process, "its thread \(thread.tid)", why: "it has a \(table.what) of its own (unshare(2))", context)
    }
    for name in Namespaces.names {
      guard let own = context.namespaces[name],
        let its = try? readLink("/proc/\(process.pid)/task/\(thread.tid)/ns/\(name)"), its != own
      else { continue }
      refuse(process, "its thread \(thread.tid)", why: "it is in a \(name) namespace of its own", context)
    }
  }

  /// Processes that share a table: they are kept in the kernel's order, so that few comparisons find an equal one.
  static func refuseSharing(_ context: CheckpointContext) {
    for table in tables {
      var sorted: [JobProcess] = []
      for process in context.liveProcesses where !process.stat.isZombie {
        var (low, high) = (0, sorted.count)
        while low < high {
          let middle = (low + high) / 2
          switch compare(process.pid, sorted[middle].pid, table.type) {
          case 0:
            refuse(
              process, "its \(table.what)", why: "it is shared with process \(sorted[middle].pid) (clone(2), vfork(2))",
              context)
            low = high + 1
          case 1: high = middle
          default: low = middle + 1
          }
        }
        if low == high { sorted.insert(process, at: low) }
      }
    }
  }

  private static func refuse(_ process: JobProcess, _ what: String, why: String, _ context: CheckpointContext) {
    context.refuse(
      process.problem(.notSupported, what, why: why, remedy: "try again when the program has gone on to execve(2)"))
  }
}
