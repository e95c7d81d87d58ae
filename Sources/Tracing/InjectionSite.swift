/// Defines `InjectionSite`: where in a task's memory the injected code finds room, and what a killed crtop left there.

internal import CLinux
internal import SystemCalls

/// Zero bytes at the end of an executable mapping, where the code and its data fit. Left there, they harm nobody.
struct InjectionSite {
  /// Where the code starts; the data follows, up to the mapping's end.
  let address: UInt64
  /// The scratch mapping that an earlier crtop may have left behind; its owner was killed.
  let leftBehind: Range<UInt64>?

  static let codeLength = crtop_injection_code_length()
  static let dataLength = MemoryLayout<crtop_injection_data>.size
  static let length = codeLength + dataLength

  /// The code's place seen from inside the task.
  var range: Range<UInt64> { address..<address + UInt64(Self.length) }
  var dataAddress: UInt64 { address + UInt64(Self.codeLength) }

  /// Takes the first candidate that ends in enough zero bytes, or in what an earlier crtop wrote.
  ///
  /// - Parameter candidates: executable mappings, the vDSO first.
  static func find(in memory: borrowing TaskMemory, candidates: [Range<UInt64>]) throws(Errno) -> InjectionSite? {
    for candidate in candidates where candidate.upperBound - candidate.lowerBound >= UInt64(length) {
      let address = candidate.upperBound - UInt64(length)
      let tail = try memory.bytes(at: address, count: length)
      if tail.allSatisfy({ $0 == 0 }) { return InjectionSite(address: address, leftBehind: nil) }
      let words = unsafe tail.withUnsafeBytes { bytes in
        (-3..<0).map { unsafe bytes.loadUnaligned(fromByteOffset: length + $0 * 8, as: UInt64.self) }
      }
      if words[2] == UInt64(CRTOP_INJECTION_MAGIC) {
        let (end, overflow) = words[0].addingReportingOverflow(words[1])
        let isRange = !overflow && words[0] != 0 && words[1] == UInt64(RemoteCalls.scratchLength)
        return InjectionSite(address: address, leftBehind: isRange ? words[0]..<end : nil)
      }
    }
    return nil
  }
}
