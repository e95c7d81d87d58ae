/// The alternate signal stack of a thread (sigaltstack(2)).

internal import CLinux
internal import ImageSchema
internal import SystemCalls
internal import Tracing

enum SignalStack: ThreadState {
  static func save(_ thread: JobThread, of process: JobProcess, _ calls: inout RemoteCalls) -> Completion? {
    let address = calls.reserve(24)  // stack_t: pointer, flags, size
    calls.call(Int(SYS_sigaltstack), 0, address, expecting: .value(0), naming: "alternate signal stack (sigaltstack)")
    return { calls in
      var stack = ImageSignalStack()
      stack.address = calls.word64(at: address)
      // SS_ONSTACK follows from the stack pointer; only SS_AUTODISARM and SS_DISABLE are settings.
      stack.flags = calls.word32(at: address + 8) & ~UInt32(SS_ONSTACK)
      stack.size = calls.word64(at: address + 16)
      thread.image.signalStack = stack
    }
  }

  static func restore(
    _ thread: RestartingThread, of process: RestartingProcess, _ calls: inout RemoteCalls
  ) throws(Problem) {
    let stack = thread.image.signalStack
    let address = calls.place(words: [stack.address, UInt64(stack.flags), stack.size])
    calls.call(Int(SYS_sigaltstack), address, 0, expecting: .value(0), naming: "alternate signal stack (sigaltstack)")
  }
}
