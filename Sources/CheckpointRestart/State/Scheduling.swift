/// Scheduling of a thread: policy, nice, priority, affinity, I/O priority, timer slack (sched(7), ioprio_set(2)).

internal import CLinux
internal import FoundationEssentials
internal import ImageSchema
internal import SystemCalls
internal import Tracing

enum Scheduling: ThreadState {
  /// struct sched_attr, second version: size, policy, flags, nice, priority, runtime, deadline, period, clamps.
  private static let attributeSize = 56
  /// SCHED_FLAG_UTIL_CLAMP_MIN and _MAX; the largest clamp (sched_setattr(2)).
  private static let (clamps, largestClamp): (UInt64, UInt32) = (0x60, 1024)

  /// SCHED_OTHER, SCHED_BATCH: threads that share the processor by time slices.
  private static func hasSlice(_ policy: UInt32) -> Bool { policy == 0 || policy == 3 }
  private static let affinitySize = 128

  static func inspect(
    _ thread: JobThread, of process: JobProcess, _ context: CheckpointContext, _ reader: inout ProcFileReader
  ) {
    do throws(Errno) {
      var attributes = [UInt8](repeating: 0, count: attributeSize)
      _ = try unsafe attributes.withMutableBytes { buffer throws(Errno) in
        try rawSystemCall(
          Int(SYS_sched_getattr), Int(thread.tid), Int(bitPattern: buffer.baseAddress), attributeSize)
      }
      var affinity = [UInt8](repeating: 0, count: affinitySize)
      let length = try unsafe affinity.withMutableBytes { buffer throws(Errno) in
        try rawSystemCall(
          Int(SYS_sched_getaffinity), Int(thread.tid), affinitySize, Int(bitPattern: buffer.baseAddress))
      }
      var image = ImageScheduling()
      unsafe attributes.withUnsafeBytes { bytes in
        image.policy = unsafe bytes.loadUnaligned(fromByteOffset: 4, as: UInt32.self)
        image.flags = unsafe bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
        image.nice = unsafe bytes.loadUnaligned(fromByteOffset: 16, as: Int32.self)
        image.priority = unsafe bytes.loadUnaligned(fromByteOffset: 20, as: UInt32.self)
        let slice = unsafe bytes.loadUnaligned(fromByteOffset: 24, as: UInt64.self)
        if hasSlice(image.policy) && slice != Machine.standardSlice { image.sliceNs = slice }
        image.clampMinimum = unsafe bytes.loadUnaligned(fromByteOffset: 48, as: UInt32.self)
        image.clampMaximum = unsafe bytes.loadUnaligned(fromByteOffset: 52, as: UInt32.self)
      }
      image.affinity = Data(affinity.prefix(length))
      image.ioPriority = UInt32(try rawSystemCall(Int(SYS_ioprio_get), 1, Int(thread.tid)))
      thread.image.scheduling = image
      if image.policy == 6 {
        context.refuse(
          process.problem(
            .notSupported, "its deadline scheduling (SCHED_DEADLINE)", why: "it is not supported",
            remedy: "give thread \(thread.tid) another policy: chrt --other --pid 0 \(thread.tid)"))
      }
    } catch { context.refuse(error.problem(task: thread.traced.name, "cannot read its scheduling")) }
  }

  static func save(_ thread: JobThread, of process: JobProcess, _ calls: inout RemoteCalls) -> Completion? {
    let slack = calls.call(Int(SYS_prctl), UInt64(PR_GET_TIMERSLACK), naming: "timer slack (PR_GET_TIMERSLACK)")
    return { calls in thread.image.scheduling.timerSlackNs = UInt64(bitPattern: calls.result(slack)) }
  }

  static func restore(
    _ thread: RestartingThread, of process: RestartingProcess, _ calls: inout RemoteCalls
  ) throws(Problem) {
    let image = thread.image.scheduling
    let isClamped = image.clampMaximum != 0 && (image.clampMinimum, image.clampMaximum) != (0, largestClamp)
    let attributes = calls.place(words: [
      UInt64(attributeSize) | UInt64(image.policy) << 32, image.flags & ~clamps | (isClamped ? clamps : 0),
      UInt64(UInt32(bitPattern: image.nice)) | UInt64(image.priority) << 32, image.sliceNs, 0, 0,
      isClamped ? UInt64(image.clampMinimum) | UInt64(image.clampMaximum) << 32 : 0,
    ])
    calls.call(Int(SYS_sched_setattr), 0, attributes, 0, expecting: .value(0), naming: "scheduling (sched_setattr)")
    let affinity = calls.place([UInt8](image.affinity))
    calls.call(
      Int(SYS_sched_setaffinity), 0, UInt64(image.affinity.count), affinity, expecting: .value(0),
      naming: "processor affinity (sched_setaffinity)")
    calls.call(
      Int(SYS_ioprio_set), 1, 0, UInt64(image.ioPriority), expecting: .value(0), naming: "I/O priority (ioprio_set)")
    calls.call(
      Int(SYS_prctl), UInt64(PR_SET_TIMERSLACK), image.timerSlackNs, expecting: .value(0),
      naming: "timer slack (PR_SET_TIMERSLACK)")
  }
}
