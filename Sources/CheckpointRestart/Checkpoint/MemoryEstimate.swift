/// Defines `MemoryEstimate`: about how much of a job's memory an image has to hold, seen from outside.

internal import SystemCalls

/// Anonymous pages, also those swapped out. Pages of files that are as in the file are not among them, and holes are none. That
/// a page holds zeroes alone, which leaves it out of the image, is not seen without reading it.
struct MemoryEstimate {
  /// In bytes.
  let bytes: UInt64
  /// A page that several tasks have is counted once, as it is saved; else once for each task.
  let countsSharedPagesOnce: Bool

  /// How much memory may be gone through to tell shared pages. The kernel walks the page tables, 4 ms for so much, in which
  /// the job's own mmap(2) may wait.
  private static let walked: UInt64 = 256 << 20

  init(_ context: CheckpointContext) {
    let living = context.liveProcesses
    let all = living.reduce(0) { $0 &+ $1.status.contentKilobytes &* 1024 }
    // A single task's are its own.
    if living.count > 1, all <= Self.walked {
      let shares = living.compactMap(Self.share)
      if shares.count == living.count {
        (bytes, countsSharedPagesOnce) = (shares.reduce(0, &+), true)
        return
      }
    }
    (bytes, countsSharedPagesOnce) = (all, living.count <= 1)
  }

  /// The process's part of the pages that it has, each divided by the number of those that have it (proc(5), smaps_rollup).
  private static func share(of process: JobProcess) -> UInt64? {
    var reader = ProcFileReader()
    guard var scanner = try? reader.read("/proc/\(process.driver)/smaps_rollup") else { return nil }
    var kilobytes: UInt64?
    // The first line names no field.
    scanner.skipPast(UInt8(ascii: "\n"))
    while !scanner.isAtEnd {
      switch scanner.text(upTo: UInt8(ascii: ":")) {
      case "Pss_Anon", "SwapPss": kilobytes = (kilobytes ?? 0) &+ (scanner.numbers().first ?? 0)
      default: break
      }
      scanner.skipPast(UInt8(ascii: "\n"))
    }
    return kilobytes.map { $0 &* 1024 }
  }
}
