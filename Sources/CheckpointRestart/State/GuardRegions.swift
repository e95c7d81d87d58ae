/// Guard regions (madvise(2), MADV_GUARD_INSTALL): pages that fault, whatever the protection of their area.

internal import CLinux
internal import ImageSchema
internal import SystemCalls
internal import Tracing

/// Part of the address space, but only the page map shows them: they are saved when that is read.
enum GuardRegions {
  /// MADV_GUARD_INSTALL of Linux 6.13.
  private static let install: UInt64 = 102

  static func save(
    _ guards: [(area: Int, range: Range<UInt64>)], _ process: JobProcess, _ context: CheckpointContext
  ) {
    var index = 0
    for (area, range) in guards {
      let mapped = process.contentAreas[area]
      if mapped.has("lo") {
        context.refuse(
          process.problem(
            .notSupported, "its guard regions in the mapping \(String(mapped.start, radix: 16))",
            why: "the mapping is locked, and the kernel installs none in locked memory",
            remedy: "let the program unlock it (munlock(2))"))
        return
      }
      while process.image.addressSpace.areas[index].start != mapped.start { index += 1 }
      var region = ImageGuardRegion()
      (region.start, region.end) = (range.lowerBound, range.upperBound)
      process.image.addressSpace.areas[index].guards.append(region)
    }
  }

  /// To be made while the area is writable, and before it is locked.
  static func restore(_ area: ImageArea, _ calls: inout RemoteCalls) {
    for region in area.guards {
      calls.call(
        Int(SYS_madvise), region.start, region.end - region.start, install, expecting: .value(0),
        naming: "guard region (MADV_GUARD_INSTALL)")
    }
  }
}
