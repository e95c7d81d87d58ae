/// Resource limits (getrlimit(2)).

internal import CLinux
internal import ImageSchema
internal import SystemCalls
internal import Tracing

enum ResourceLimits: ProcessState {
  /// RLIM_NLIMITS (include/uapi/asm-generic/resource.h).
  static let count: UInt64 = 16
  private static let names = [
    "CPU", "FSIZE", "DATA", "STACK", "CORE", "RSS", "NPROC", "NOFILE", "MEMLOCK", "AS", "LOCKS", "SIGPENDING",
    "MSGQUEUE", "NICE", "RTPRIO", "RTTIME",
  ]

  static func name(_ resource: UInt32) -> String {
    Int(resource) < names.count ? "RLIMIT_\(names[Int(resource)])" : "\(resource)"
  }

  static func save(_ process: JobProcess, _ calls: inout RemoteCalls) -> Completion? {
    let base = calls.reserve(16 * Int(count))
    for resource in 0..<count {
      calls.call(
        Int(SYS_prlimit64), 0, resource, 0, base + resource * 16, expecting: .value(0), naming: "limit (prlimit)")
    }
    return { calls in
      for resource in 0..<count {
        var limit = ImageResourceLimit()
        limit.resource = UInt32(resource)
        limit.soft = calls.word64(at: base + resource * 16)
        limit.hard = calls.word64(at: base + resource * 16 + 8)
        process.image.resourceLimits.append(limit)
      }
    }
  }

  static func restore(
    _ process: RestartingProcess, _ context: RestartContext, _ calls: inout RemoteCalls
  ) throws(Problem) {
    for limit in process.image.resourceLimits {
      let address = calls.place(words: [limit.soft, limit.hard])
      calls.call(
        Int(SYS_prlimit64), 0, UInt64(limit.resource), address, 0, expecting: .value(0),
        naming: "resource limit (prlimit)")
    }
  }
}
