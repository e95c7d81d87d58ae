/// Defines `MemoryContent`: where in the image the pages of each process are.

internal import ImageSchema
internal import SystemCalls

/// Neighbouring pages of a process that stand together in a chunk.
struct PageRun {
  var address: UInt64
  var pages: Int
  /// The chunk they are in, and the index of the first among its pages.
  var chunk: Int
  var first: Int

  var end: UInt64 { address + UInt64(pages) * pageSize }

  /// The part in a range, which must overlap.
  func clamped(to range: Range<UInt64>) -> PageRun {
    let start = max(address, range.lowerBound)
    let pages = Int((min(end, range.upperBound) - start) / pageSize)
    return PageRun(address: start, pages: pages, chunk: chunk, first: first + Int((start - address) / pageSize))
  }

  /// Whether the page at an address in both is the same page of the image.
  func isSame(as other: PageRun, at address: UInt64) -> Bool {
    chunk == other.chunk
      && first + Int((address - self.address) / pageSize) == other.first + Int((address - other.address) / pageSize)
  }
}

/// The runs of all processes, by address.
struct MemoryContent {
  private var runs: [Int32: [PageRun]] = [:]

  /// - Throws: EINVAL where a page has two contents, or belongs to a task that has no memory.
  init(_ chunks: [ImagePageChunk], of processes: [ImageProcess]) throws(Problem) {
    for process in processes where process.state != .zombie { runs[process.pid] = [] }
    for (index, chunk) in chunks.enumerated() {
      for run in chunk.runs {
        guard runs[run.pid] != nil else { throw Self.problem(run.pid, "there is no such living task") }
        runs[run.pid]?.append(
          PageRun(address: run.address, pages: Int(run.pages), chunk: index, first: Int(run.first)))
      }
    }
    for pid in runs.keys {
      runs[pid]?.sort { $0.address < $1.address }
      let sorted = self[pid]
      for (run, next) in zip(sorted, sorted.dropFirst()) where run.end > next.address {
        throw Self.problem(pid, "the page at \(String(next.address, radix: 16)) has two contents")
      }
    }
  }

  subscript(pid: Int32) -> [PageRun] { runs[pid] ?? [] }

  private static func problem(_ pid: Int32, _ why: String) -> Problem {
    Problem(
      errno: .invalidArgument, what: "memory of pid \(pid) in the image", why: why, remedy: "use another image")
  }
}
