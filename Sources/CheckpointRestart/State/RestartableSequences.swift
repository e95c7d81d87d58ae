/// The restartable sequences registration of a thread (rseq(2)).

internal import CLinux
internal import ImageSchema
internal import SystemCalls
internal import Tracing

enum RestartableSequences: ThreadState {
  static func save(_ thread: JobThread, of process: JobProcess, _ calls: inout RemoteCalls) -> Completion? {
    guard let configuration = try? thread.traced.restartableSequence() else { return nil }
    var image = ImageRestartableSequence()
    image.address = UInt64(configuration.rseq_abi_pointer)
    image.size = configuration.rseq_abi_size
    image.signature = configuration.signature
    image.flags = configuration.flags
    thread.image.restartableSequence = image
    return nil
  }

  static func restore(
    _ thread: RestartingThread, of process: RestartingProcess, _ calls: inout RemoteCalls
  ) throws(Problem) {
    let image = thread.image.restartableSequence
    guard image.address != 0 else { return }
    calls.call(
      Int(SYS_rseq), image.address, UInt64(image.size), UInt64(image.flags), UInt64(image.signature),
      expecting: .value(0), naming: "restartable sequences (rseq)")
  }

  /// The registers with an interrupted critical section aborted, as the kernel does on preemption
  /// (kernel/rseq.c): the kernel forgets the section while the thread works for crtop.
  static func abortingCriticalSection(
    _ registers: Registers, _ thread: JobThread
  ) throws(Errno) -> Registers {
    guard let configuration = try? thread.traced.restartableSequence() else { return registers }
    // struct rseq: cpu_id_start, cpu_id, rseq_cs; struct rseq_cs: version, flags, start_ip, length, abort_ip.
    func bytes(at address: UInt64, count: Int) throws(Errno) -> [UInt8] {
      var bytes = [UInt8](repeating: 0, count: count)
      try unsafe bytes.withMutableBytes { buffer throws(Errno) in
        unsafe try TaskMemory.read(of: thread.tid, [(address, count)], into: buffer)
      }
      return bytes
    }
    let area = try bytes(at: UInt64(configuration.rseq_abi_pointer) + 8, count: 8)
    let section = unsafe area.withUnsafeBytes { unsafe $0.loadUnaligned(as: UInt64.self) }
    guard section != 0, let bytes = try? bytes(at: section, count: 32) else { return registers }
    let words = unsafe bytes.withUnsafeBytes { bytes in
      (1...3).map { unsafe bytes.loadUnaligned(fromByteOffset: $0 * 8, as: UInt64.self) }
    }
    guard registers.programCounter &- words[0] < words[1] else { return registers }
    var aborted = registers
    aborted.programCounter = words[2]
    return aborted
  }
}
