/// What names a thread to itself and the kernel: comm, clear_child_tid, personality, parent-death signal, dumpable.

internal import CLinux
internal import ImageSchema
internal import SystemCalls
internal import Tracing

enum ThreadIdentity: ThreadState {
  static func inspect(
    _ thread: JobThread, of process: JobProcess, _ context: CheckpointContext, _ reader: inout ProcFileReader
  ) {
    guard var personality = try? reader.read("/proc/\(thread.tid)/personality") else { return }
    thread.image.personality = UInt32(truncatingIfNeeded: personality.unsigned(radix: 16) ?? 0)
  }

  static func save(_ thread: JobThread, of process: JobProcess, _ calls: inout RemoteCalls) -> Completion? {
    let address = calls.reserve(8)
    calls.call(
      Int(SYS_prctl), UInt64(PR_GET_TID_ADDRESS), address, expecting: .value(0),
      naming: "clear_child_tid (PR_GET_TID_ADDRESS)")
    return { calls in thread.image.clearChildTid_p = calls.word64(at: address) }
  }

  static func restore(
    _ thread: RestartingThread, of process: RestartingProcess, _ calls: inout RemoteCalls
  ) throws(Problem) {
    let name = calls.place(thread.image.commBytes + [0])
    calls.call(Int(SYS_prctl), UInt64(PR_SET_NAME), name, expecting: .value(0), naming: "name (PR_SET_NAME)")
    calls.call(
      Int(SYS_set_tid_address), thread.image.clearChildTid_p, expecting: .value(Int64(thread.tid)),
      naming: "clear_child_tid (set_tid_address)")
    calls.call(Int(SYS_personality), UInt64(thread.image.personality), naming: "personality")
  }
}

/// Set after the credentials: changing those clears it (prctl(2)).
enum ParentDeathSignal: ThreadState {
  /// The signal comes when the thread ends that has created the task (kernel/exit.c, forget_original_parent). After a restart
  /// that is the first of the parent's.
  static func refuseOtherCreators(_ context: CheckpointContext) {
    for process in context.liveProcesses where process.threads.contains(where: { $0.image.parentDeathSignal != 0 }) {
      guard let parent = context.byPID[process.parent], parent.threads.count > 1,
        var children = try? context.reader.read("/proc/\(parent.pid)/task/\(parent.driver)/children")
      else { continue }
      var isFirst = false
      while let child = children.unsigned() {
        isFirst = isFirst || child == UInt64(process.pid)
        children.skip(UInt8(ascii: " "))
      }
      if isFirst { continue }
      context.refuse(
        process.problem(
          .notSupported, "its parent-death signal (PR_SET_PDEATHSIG)",
          why:
            "it comes when the thread of \(parent.name) ends that created it; the restarted one would be created by another",
          remedy: "let the program create it in its first thread, or not set the signal"))
    }
  }

  static func save(_ thread: JobThread, of process: JobProcess, _ calls: inout RemoteCalls) -> Completion? {
    let address = calls.reserve(8)
    calls.call(
      Int(SYS_prctl), UInt64(PR_GET_PDEATHSIG), address, expecting: .value(0),
      naming: "parent-death signal (PR_GET_PDEATHSIG)")
    return { calls in thread.image.parentDeathSignal = calls.word32(at: address) }
  }

  static func restore(
    _ thread: RestartingThread, of process: RestartingProcess, _ calls: inout RemoteCalls
  ) throws(Problem) {
    calls.call(
      Int(SYS_prctl), UInt64(PR_SET_PDEATHSIG), UInt64(thread.image.parentDeathSignal), expecting: .value(0),
      naming: "parent-death signal (PR_SET_PDEATHSIG)")
  }
}

/// Set after the credentials of each thread, for the same reason: the last one counts.
enum Dumpable: ThreadState {
  static func restore(
    _ thread: RestartingThread, of process: RestartingProcess, _ calls: inout RemoteCalls
  ) throws(Problem) {
    calls.call(
      Int(SYS_prctl), UInt64(PR_SET_DUMPABLE), UInt64(process.image.attributes.dumpable), expecting: .value(0),
      naming: "dumpable (PR_SET_DUMPABLE)")
  }
}
