/// Registrations for expedited memory barriers (membarrier(2)).

internal import CLinux
internal import ImageSchema
internal import SystemCalls
internal import Tracing

enum MemoryBarriers: ProcessState {
  /// MEMBARRIER_CMD_GET_REGISTRATIONS of Linux 6.3; older kernels give EINVAL.
  private static let getRegistrations: UInt64 = 1 << 9

  static func save(_ process: JobProcess, _ calls: inout RemoteCalls) -> Completion? {
    let call = calls.call(
      Int(SYS_membarrier), getRegistrations, expecting: .anything, naming: "memory barriers (membarrier)")
    return { calls in
      let result = calls.result(call)
      if result > 0 { process.image.attributes.membarrierRegistrations = UInt32(truncatingIfNeeded: result) }
    }
  }

  static func restore(
    _ process: RestartingProcess, _ context: RestartContext, _ calls: inout RemoteCalls
  ) throws(Problem) {
    let registrations = process.image.attributes.membarrierRegistrations
    for bit in 0..<32 where registrations & 1 << bit != 0 {
      calls.call(Int(SYS_membarrier), 1 << UInt64(bit), expecting: .value(0), naming: "memory barriers (membarrier)")
    }
  }
}
