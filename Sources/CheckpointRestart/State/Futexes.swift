/// The robust futex list of a thread (get_robust_list(2)). Futexes themselves are memory.

internal import CLinux
internal import ImageSchema
internal import SystemCalls
internal import Tracing

enum Futexes: ThreadState {
  /// sizeof(struct compat_robust_list_head): the only length that the kernel takes.
  private static let listLength32: UInt64 = 12

  static func inspect(
    _ thread: JobThread, of process: JobProcess, _ context: CheckpointContext, _ reader: inout ProcFileReader
  ) {
    do throws(Errno) {
      (thread.image.robustList, thread.image.robustListLength) = try thread.traced.robustList()
    } catch {
      context.refuse(error.problem(task: thread.traced.name, "cannot read its robust futex list"))
    }
  }

  /// The 32-bit ABI has a list of its own, which only the task itself can ask for.
  static func save(_ thread: JobThread, of process: JobProcess, _ calls: inout RemoteCalls) -> Completion? {
    guard process.image.is32Bit else { return nil }
    let head = calls.reserve(8)
    calls.call(
      CompatCall.getRobustList, 0, head, head + 4, expecting: .value(0), naming: "robust futex list (get_robust_list)")
    return { calls in thread.image.robustList32 = calls.word32(at: head) }
  }

  static func restore(
    _ thread: RestartingThread, of process: RestartingProcess, _ calls: inout RemoteCalls
  ) throws(Problem) {
    if thread.image.robustList32 != 0 {
      calls.call(
        CompatCall.setRobustList, UInt64(thread.image.robustList32), listLength32, expecting: .value(0),
        naming: "robust futex list (set_robust_list)")
    }
    guard thread.image.robustList != 0 else { return }
    calls.call(
      Int(SYS_set_robust_list), thread.image.robustList, thread.image.robustListLength, expecting: .value(0),
      naming: "robust futex list (set_robust_list)")
  }
}
