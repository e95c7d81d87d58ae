/// Defines `PageBuffer`, memory of our own in which the job's pages are kept until they are written.

internal import CLinux
internal import Glibc
internal import SystemCalls

/// An anonymous mapping with one owner.
@safe struct PageBuffer: ~Copyable {
  let bytes: UnsafeMutableRawBufferPointer

  /// - Parameter pages: at least 1.
  init(pages: Int) throws(Errno) {
    let length = max(pages, 1) * Int(pageSize)
    let address = unsafe mmap(nil, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
    guard let address = unsafe address, unsafe address != MAP_FAILED else { throw .noMemory }
    // Only where it pays: making a huge page takes longer than touching a few small ones.
    if length >= 256 << 20 { unsafe _ = madvise(address, length, MADV_HUGEPAGE) }
    unsafe bytes = UnsafeMutableRawBufferPointer(start: address, count: length)
  }

  static func reserve(pages: Int) throws(Problem) -> PageBuffer {
    do throws(Errno) { return try PageBuffer(pages: pages) } catch {
      throw error.problem("cannot reserve memory for the job's pages", remedy: "free some memory")
    }
  }

  deinit { unsafe munmap(bytes.baseAddress, bytes.count) }

  /// How many pages may be kept at once: a quarter of the memory that is available, at most 2 GiB.
  static func allowance() -> Int {
    let text = (try? readText("/proc/meminfo")) ?? ""
    var scanner = ByteScanner(Array(text.utf8))
    while !scanner.isAtEnd {
      if scanner.skip("MemAvailable:") { return Int(min(2 << 30, (scanner.numbers().first ?? 0) * 1024 / 4) / pageSize) }
      scanner.skipPast(UInt8(ascii: "\n"))
    }
    return 16384
  }
}
