/// Speculation controls of a thread (PR_SET_SPECULATION_CTRL), which seccomp filters may have set too.

internal import CLinux
internal import ImageSchema
internal import SystemCalls
internal import Tracing

enum Speculation: ThreadState {
  /// PR_SPEC_STORE_BYPASS, PR_SPEC_INDIRECT_BRANCH, PR_SPEC_L1D_FLUSH.
  private static let kinds: UInt64 = 3
  /// PR_SPEC_PRCTL: the thread can choose; without it the machine has decided.
  private static let isChoice: UInt32 = 1
  /// Those of crtop, which every new task has; 0 where the kernel does not tell.
  private static let own = (0..<Int(kinds)).map {
    (try? rawSystemCall(Int(SYS_prctl), Int(PR_GET_SPECULATION_CTRL), $0)) ?? 0
  }

  static func save(_ thread: JobThread, of process: JobProcess, _ calls: inout RemoteCalls) -> Completion? {
    let indices = (0..<kinds).map {
      calls.call(
        Int(SYS_prctl), UInt64(PR_GET_SPECULATION_CTRL), $0, expecting: .anything, naming: "speculation control")
    }
    return { calls in
      thread.image.speculation = indices.map { UInt32(clamping: max(0, calls.result($0))) }
    }
  }

  static func restore(
    _ thread: RestartingThread, of process: RestartingProcess, _ calls: inout RemoteCalls
  ) throws(Problem) {
    for (kind, value) in thread.image.speculation.prefix(Int(kinds)).enumerated() where value & isChoice != 0 {
      guard own[kind] != Int(value) else { continue }
      calls.call(
        Int(SYS_prctl), UInt64(PR_SET_SPECULATION_CTRL), UInt64(kind), UInt64(value & ~isChoice), expecting: .value(0),
        naming: "speculation control (PR_SET_SPECULATION_CTRL)")
    }
  }
}
