/// Defines `PageBlock` and `PageBlocks`: memory of our own in which the job's pages are kept until they are written.

internal import CLinux
internal import Glibc
internal import SystemCalls

/// An anonymous mapping of one chunk's pages.
@safe final class PageBlock {
  let bytes: UnsafeMutableRawBufferPointer

  init() throws(Problem) {
    let length = MemoryPlan.chunkPages * Int(pageSize)
    // Populated at once: a fault for each page would be time in which the job stands still.
    let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE
    let address = unsafe mmap(nil, length, PROT_READ | PROT_WRITE, flags, -1, 0)
    guard let address = unsafe address, unsafe address != MAP_FAILED else {
      throw currentErrno().problem("cannot reserve memory for the job's pages", remedy: "free some memory")
    }
    unsafe bytes = UnsafeMutableRawBufferPointer(start: address, count: length)
  }

  deinit { unsafe munmap(bytes.baseAddress, bytes.count) }
}

/// Blocks to be used, and used again.
struct PageBlocks {
  private var spare: [PageBlock]
  private var made: Int
  private let most: Int

  /// Makes a few blocks beforehand, while the job still runs.
  init() throws(Problem) {
    most = max(4, Self.allowance() / (MemoryPlan.chunkPages * Int(pageSize)))
    spare = [try PageBlock(), try PageBlock()]
    made = spare.count
  }

  /// Whether as much is kept as may be.
  var areExhausted: Bool { spare.isEmpty && made >= most }

  mutating func take() throws(Problem) -> PageBlock {
    if let block = spare.popLast() { return block }
    made += 1
    return try PageBlock()
  }

  mutating func giveBack(_ blocks: [PageBlock]) { spare += blocks }

  /// A quarter of the memory that is available, at most 2 GiB.
  private static func allowance() -> Int {
    var scanner = ByteScanner(Array(((try? readText("/proc/meminfo")) ?? "").utf8))
    while !scanner.isAtEnd {
      if scanner.skip("MemAvailable:") { return Int(min(2 << 30, (scanner.numbers().first ?? 0) * 1024 / 4)) }
      scanner.skipPast(UInt8(ascii: "\n"))
    }
    return 64 << 20
  }
}
