/// Settings that hardly any program changes, asked for so that none is lost in silence; a changed one is refused.

internal import CLinux
internal import ImageSchema
internal import SystemCalls
internal import Tracing

enum RareSettings: ThreadState {
  /// prctl(2), arch_prctl(2) requests that return the setting, with its default; an older kernel's error is the default.
  private static let settings: [(call: Int, request: UInt64, standard: Int64, what: StaticString)] = [
    (Int(SYS_prctl), UInt64(PR_MCE_KILL_GET), Int64(PR_MCE_KILL_DEFAULT), "machine check policy (PR_MCE_KILL)"),
    (Int(SYS_prctl), 66, 0, "denial of executable writable memory (PR_SET_MDWE)"),
    (Int(SYS_prctl), 68, 0, "merging of memory (PR_SET_MEMORY_MERGE)"),
    (Int(SYS_prctl), 58, 0, "part in input and output (PR_SET_IO_FLUSHER)"),
    (Int(SYS_arch_prctl), UInt64(ARCH_GET_CPUID), 1, "faulting CPUID instruction (ARCH_SET_CPUID)"),
  ]

  static func save(_ thread: JobThread, of process: JobProcess, _ calls: inout RemoteCalls) -> Completion? {
    let indices = settings.map { calls.call($0.call, $0.request, expecting: .anything, naming: $0.what) }
    let stamp = calls.reserve(8)
    calls.call(
      Int(SYS_prctl), UInt64(PR_GET_TSC), stamp, expecting: .anything, naming: "time stamp counter (PR_GET_TSC)")
    let policy = calls.reserve(8)
    calls.call(
      Int(SYS_get_mempolicy), policy, 0, 0, 0, 0, expecting: .anything, naming: "memory policy (get_mempolicy)")
    let table = calls.reserve(64)
    let descriptors = calls.call(
      Int(SYS_modify_ldt), 0, table, 64, expecting: .anything, naming: "local descriptor table (modify_ldt)")
    return { calls throws(Problem) in
      if calls.word32(at: policy) != 0 { throw refusal(thread, "memory policy (set_mempolicy(2))") }
      if calls.result(descriptors) > 0 { throw refusal(thread, "local descriptor table (modify_ldt(2))") }
      for (index, setting) in zip(indices, settings) {
        let result = calls.result(index)
        if result >= 0 && result != setting.standard { throw refusal(thread, "\(setting.what)") }
      }
      // The strict seccomp mode forbids it as well.
      if calls.word32(at: stamp) == UInt32(PR_TSC_SIGSEGV), !thread.image.strict {
        throw refusal(thread, "time stamp counter (PR_SET_TSC)")
      }
    }
  }

  /// What a tracer alone can see of a stopped thread. Calls of ours would not even reach the kernel under a dispatcher.
  static func refuseOutside(_ thread: JobThread, of process: JobProcess) throws(Problem) {
    if thread.traced.dispatchesCalls { throw refusal(thread, "system call dispatcher (PR_SET_SYSCALL_USER_DISPATCH)") }
    if thread.traced.hasPortPermissions { throw refusal(thread, "input and output ports (ioperm(2))") }
  }

  static func inspect(
    _ thread: JobThread, of process: JobProcess, _ context: CheckpointContext, _ reader: inout ProcFileReader
  ) {
    // PR_SCHED_CORE_GET for PR_SCHED_CORE_SCOPE_THREAD; kernels without core scheduling give EINVAL.
    var cookie: UInt64 = 0
    _ = unsafe withUnsafeMutablePointer(to: &cookie) { pointer in
      try? rawSystemCall(Int(SYS_prctl), 62, 0, Int(thread.tid), 0, Int(bitPattern: pointer))
    }
    if cookie != 0 { context.refuse(refusal(thread, "core scheduling (PR_SCHED_CORE)")) }
    // PF_MEMALLOC_NOIO and PF_LOCAL_THROTTLE, which are set together by PR_SET_IO_FLUSHER alone.
    if thread.tid == process.pid && process.stat[9] & 0x0018_0000 == 0x0018_0000 {
      context.refuse(refusal(thread, "part in input and output (PR_SET_IO_FLUSHER)"))
    }
  }

  private static func refusal(_ thread: JobThread, _ what: String) -> Problem {
    Problem(
      task: thread.traced.name, errno: .notSupported, what: "its \(what)", why: "a changed setting is not supported",
      remedy: "let the program reset it before the checkpoint")
  }
}
