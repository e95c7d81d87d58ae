/// Memory policies of single areas (mbind(2)), which are refused.

internal import CLinux
internal import SystemCalls
internal import Tracing

enum MemoryPolicies: ProcessState {
  /// MPOL_F_ADDR: the policy of the area at an address (linux/mempolicy.h).
  private static let ofAddress: UInt64 = 2

  static func save(_ process: JobProcess, _ calls: inout RemoteCalls) -> Completion? {
    let areas = process.contentAreas
    let modes = calls.reserve(areas.count * 8)
    for (index, area) in areas.enumerated() {
      calls.call(
        Int(SYS_get_mempolicy), modes + UInt64(index) * 8, 0, 0, area.start, ofAddress, expecting: .anything,
        naming: "memory policy (get_mempolicy)")
    }
    return { calls throws(Problem) in
      for (index, area) in areas.enumerated() where calls.word32(at: modes + UInt64(index) * 8) != 0 {
        throw process.problem(
          .notSupported,
          "the memory policy of its mapping \(String(area.start, radix: 16))-\(String(area.end, radix: 16))",
          why: "mbind(2) is not supported", remedy: "let the program set the default policy before the checkpoint")
      }
    }
  }
}
