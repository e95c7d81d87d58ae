/// Takes a stopped thread out of the vDSO: under another kernel, which has another one, it could not go on inside.

internal import CLinux
internal import SystemCalls
internal import Tracing

enum VDSOCode {
  /// Bytes that are compared.
  private static let length = 16
  /// Instructions; its longest function takes some 200, unless it has to begin anew.
  private static let maximumSteps = 5000

  /// Lets the thread execute single instructions until it is outside. What cannot be stepped unnoticed stays: then only the
  /// restart under another kernel is refused. The kernel forces the trap of a step on the thread, and so would change the
  /// action or the mask of a program that ignores or blocks SIGTRAP (kernel/signal.c, force_sig_info_to_task).
  ///
  /// - Returns: whether the thread stands still; else it has been let go for a signal, and asked to stop again.
  static func leave(_ thread: TracedThread, _ reader: inout ProcFileReader) throws(Errno) -> Bool {
    guard isInside(thread) else { return true }
    let trap = SignalSets.bit(SIGTRAP)
    let blocked = try thread.signalMask()
    let status = ProcStatus(try reader.read("/proc/\(thread.tid)/status"))
    // A signal that is to be delivered would be delivered inside.
    guard blocked & trap == 0, status.ignored & trap == 0, status.signals.pending & ~blocked == 0 else { return true }
    for _ in 0..<maximumSteps where isInside(thread) {
      try thread.step()
      switch try thread.waitForStop() {
      case .signal(SIGTRAP), .interrupted, .event: continue
      case .signal(let signal):  // it has come this moment: its handler returns into the vDSO later
        try thread.resume(signal: signal)
        try thread.interrupt()
        return false
      case .ended: throw .noSuchProcess
      }
    }
    return true
  }

  /// Compares the code at the program counter with the vDSO, which is the same in all tasks: so its address need not be
  /// found out. That of 32-bit programs also has the code of all their system calls, which goes on under any kernel.
  private static func isInside(_ thread: TracedThread) -> Bool {
    guard let registers = try? thread.registers() else { return false }
    let counter = registers.programCounter
    let vdso = registers.is32Bit ? Machine.vdso32Bytes : Machine.vdsoBytes
    var code = [UInt8](repeating: 0, count: length)
    let isRead: Void? = try? unsafe code.withMutableBytes { buffer throws(Errno) in
      unsafe try TaskMemory.read(of: thread.tid, [(counter, length)], into: buffer)
    }
    guard isRead != nil else { return false }
    return stride(from: Int(counter % pageSize), through: vdso.count - length, by: Int(pageSize)).contains { offset in
      vdso[offset..<offset + length].elementsEqual(code)
        && (!registers.is32Bit || Machine.vdso32Functions.contains { $0.contains(offset) })
    }
  }
}
