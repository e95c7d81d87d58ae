/// The robust futex list of a thread (get_robust_list(2)). Futexes themselves are memory.

internal import CLinux
internal import ImageSchema
internal import SystemCalls
internal import Tracing

enum Futexes: ThreadState {
  static func inspect(
    _ thread: JobThread, of process: JobProcess, _ context: CheckpointContext, _ reader: inout ProcFileReader
  ) {
    do throws(Errno) {
      (thread.image.robustList, thread.image.robustListLength) = try thread.traced.robustList()
    } catch {
      context.refuse(error.problem(task: thread.traced.name, "cannot read its robust futex list"))
    }
  }

  static func restore(
    _ thread: RestartingThread, of process: RestartingProcess, _ calls: inout RemoteCalls
  ) throws(Problem) {
    guard thread.image.robustList != 0 else { return }
    calls.call(
      Int(SYS_set_robust_list), thread.image.robustList, thread.image.robustListLength, expecting: .value(0),
      naming: "robust futex list (set_robust_list)")
  }
}
