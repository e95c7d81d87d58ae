/// Defines `PageMap`: which pages of an area have content of their own (/proc/PID/pagemap, PAGEMAP_SCAN).

internal import CLinux
internal import Glibc
internal import SystemCalls

/// A reader of one process's page map.
struct PageMap: ~Copyable {
  private let file: OwnedDescriptor
  private var entries = [UInt8](repeating: 0, count: 4096)

  /// An entry of the page map (Documentation/admin-guide/mm/pagemap.rst).
  struct Entry: Sendable {
    let bits: UInt64
    var isPresent: Bool { bits >> 63 & 1 == 1 }
    var isSwapped: Bool { bits >> 62 & 1 == 1 }
    /// Of a file, or shared anonymous.
    var isFilePage: Bool { bits >> 61 & 1 == 1 }
    /// A guard region (MADV_GUARD_INSTALL).
    var isGuard: Bool { bits >> 58 & 1 == 1 }
    /// Mapped by this task alone.
    var isExclusive: Bool { bits >> 56 & 1 == 1 }
    /// The page frame, 0 without CAP_SYS_ADMIN.
    var frame: UInt64 { isPresent && !isSwapped ? bits & (1 << 55 - 1) : 0 }
    /// Whether the page is the task's own, not the file's.
    var isOwn: Bool { !isGuard && ((isPresent && !isFilePage) || isSwapped) }
  }

  init(of process: JobProcess) throws(Errno) {
    file = try OwnedDescriptor.open("/proc/\(process.driver)/pagemap", O_RDONLY)
  }

  /// Calls `body` for each page of a range that may have content, in order.
  mutating func forEachPage(of range: Range<UInt64>, _ body: (UInt64, Entry) -> Void) throws(Errno) {
    for part in try populated(range) {
      var address = part.lowerBound
      // Most areas are small, and clearing a large buffer for each of them would cost more than reading.
      let wanted = min(Int((part.upperBound - part.lowerBound) / pageSize) * 8, 1 << 17)
      if wanted > entries.count { entries = [UInt8](repeating: 0, count: wanted) }
      while address < part.upperBound {
        let pages = min(Int((part.upperBound - address) / pageSize), entries.count / 8)
        let got = try unsafe entries.withMutableBytes { buffer throws(Errno) in
          try systemCall { unsafe pread(file.number, buffer.baseAddress, pages * 8, off_t(address / pageSize * 8)) }
        }
        guard got == pages * 8 else { throw .ioError }
        unsafe entries.withUnsafeBytes { buffer in
          for index in 0..<pages {
            let bits = unsafe buffer.loadUnaligned(fromByteOffset: index * 8, as: UInt64.self)
            if bits >> 62 != 0 || bits >> 58 & 1 == 1 { body(address + UInt64(index) * pageSize, Entry(bits: bits)) }
          }
        }
        address += UInt64(pages) * pageSize
      }
    }
  }

  /// The parts of a large range that have pages at all: the kernel skips holes faster than we read zeroes.
  private func populated(_ range: Range<UInt64>) throws(Errno) -> [Range<UInt64>] {
    guard range.upperBound - range.lowerBound > 16 << 20 else { return [range] }
    var parts: [Range<UInt64>] = []
    var start = range.lowerBound
    while start < range.upperBound {
      var regions = [page_region](repeating: page_region(), count: 512)
      var walkEnd = start
      let found = unsafe regions.withUnsafeMutableBufferPointer { buffer -> Int32 in
        var scan = pm_scan_arg(
          size: UInt64(MemoryLayout<pm_scan_arg>.size), flags: 0, start: start, end: range.upperBound, walk_end: 0,
          vec: UInt64(UInt(bitPattern: buffer.baseAddress)), vec_len: 512, max_pages: 0, category_inverted: 0,
          category_mask: 0, category_anyof_mask: UInt64(CRTOP_PAGE_IS_PRESENT | CRTOP_PAGE_IS_SWAPPED),
          return_mask: UInt64(CRTOP_PAGE_IS_PRESENT | CRTOP_PAGE_IS_SWAPPED))
        let result = unsafe crtop_ioctl(file.number, crtop_pagemap_scan_request(), &scan)
        walkEnd = scan.walk_end
        return result
      }
      // Kernels before 6.7 do not know the call.
      guard found >= 0, walkEnd > start else { return [range] }
      for region in regions.prefix(Int(found)) { parts.append(region.start..<region.end) }
      start = walkEnd
    }
    return parts
  }
}
