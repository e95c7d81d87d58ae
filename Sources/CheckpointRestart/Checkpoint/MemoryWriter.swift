/// Defines `MemoryWriter`, which reads the job's pages and writes them to the image.

internal import CLinux
internal import CheckpointImage
internal import ImageSchema
internal import SystemCalls
internal import Tracing

/// Moves the pages of a plan, a window at a time: reading needs the job stopped, writing does not.
struct MemoryWriter: ~Copyable {
  private let plan: MemoryPlan
  private let processes: [JobProcess]
  private let buffer: PageBuffer
  private let window: Int
  private let destinations: [[MemoryPlan.Destination]]
  /// The next source to be read, and how many of its pages have been read already.
  private var source = 0
  private var skipped = 0
  private var read = 0
  private var written = 0

  /// - Parameter window: pages kept at once, a multiple of a chunk.
  init(_ plan: MemoryPlan, _ processes: [JobProcess]) throws(Problem) {
    self.plan = plan
    self.processes = processes
    destinations = plan.destinationsByChunk()
    let allowance = max(1, PageBuffer.allowance() / ImageLimits.chunkPages) * ImageLimits.chunkPages
    window = min(plan.pages, allowance)
    do throws(Errno) { buffer = try PageBuffer(pages: window) } catch {
      throw error.problem("cannot reserve memory for the job's pages", remedy: "free some memory")
    }
  }

  var isAllRead: Bool { read == plan.pages }
  var isAllWritten: Bool { written == plan.pages }

  /// Reads the next window of pages from the stopped tasks.
  mutating func readWindow(onProgress: (JobProcess, UInt64) throws(Problem) -> Void) throws(Problem) {
    var filled = 0
    while filled < window, source < plan.sources.count {
      let run = plan.sources[source]
      let process = processes[run.process]
      let pages = min(run.pages - skipped, window - filled)
      let address = run.address + UInt64(skipped) * pageSize
      let target = unsafe UnsafeMutableRawBufferPointer(
        rebasing: buffer.bytes[filled * Int(pageSize)..<(filled + pages) * Int(pageSize)])
      do throws(Errno) {
        if run.isReadable {
          unsafe try TaskMemory.read(of: process.pid, address, into: target)
        } else {
          unsafe try TaskMemory(of: process.pid).readForced(address, into: target)
        }
      } catch { throw error.problem(task: process.name, "cannot read its memory at \(String(address, radix: 16))") }
      filled += pages
      skipped += pages
      if skipped == run.pages { (source, skipped) = (source + 1, 0) }
      try onProgress(process, UInt64(pages) * pageSize)
    }
    read += filled
  }

  /// Writes the pages of the window to the image.
  mutating func writeWindow(to writer: inout ImageWriter, onProgress: (JobProcess, UInt64) throws(Problem) -> Void) throws(Problem) {
    let start = written
    while written < read {
      let pages = min(ImageLimits.chunkPages, read - written)
      let offset = (written - start) * Int(pageSize)
      let bytes = unsafe UnsafeMutableRawBufferPointer(
        rebasing: buffer.bytes[offset..<offset + pages * Int(pageSize)])
      try unsafe write(chunk: written / ImageLimits.chunkPages, bytes, pages, &writer)
      for destination in destinations[written / ImageLimits.chunkPages] {
        try onProgress(processes[destination.process], UInt64(destination.pages) * pageSize)
      }
      written += pages
    }
  }

  private func write(
    chunk index: Int, _ bytes: UnsafeMutableRawBufferPointer, _ pages: Int, _ writer: inout ImageWriter
  ) throws(Problem) {
    let base = index * ImageLimits.chunkPages
    var mustStay = [Bool](repeating: false, count: pages)
    for destination in destinations[index] where !destination.isAnonymous {
      for page in 0..<destination.pages { mustStay[destination.first - base + page] = true }
    }
    // Pages of zeroes need not be stored: a new anonymous page is one.
    var position = [Int?](repeating: nil, count: pages)
    var kept = 0
    for page in 0..<pages {
      let start = unsafe bytes.baseAddress?.advanced(by: page * Int(pageSize))
      if !mustStay[page], let start = unsafe start, unsafe crtop_is_zero(start, Int(pageSize)) { continue }
      if kept != page, let start = unsafe start {
        unsafe bytes.baseAddress?.advanced(by: kept * Int(pageSize)).copyMemory(from: start, byteCount: Int(pageSize))
      }
      position[page] = kept
      kept += 1
    }
    guard kept > 0 else { return }
    var chunk = ImagePageChunk()
    chunk.pages = UInt32(kept)
    for destination in destinations[index] {
      for page in 0..<destination.pages {
        guard let place = position[destination.first - base + page] else { continue }
        append(destination, page, place, to: &chunk)
      }
    }
    unsafe try writer.write(
      chunk: chunk, pages: UnsafeRawBufferPointer(rebasing: bytes[0..<kept * Int(pageSize)]))
  }

  /// Adds a page to the chunk's runs, to the last run where it follows on.
  private func append(
    _ destination: MemoryPlan.Destination, _ page: Int, _ place: Int, to chunk: inout ImagePageChunk
  ) {
    let pid = processes[destination.process].pid
    let address = destination.address + UInt64(page) * pageSize
    if let last = chunk.runs.last, last.pid == pid, last.address + UInt64(last.pages) * pageSize == address,
      last.first + last.pages == UInt32(place)
    {
      chunk.runs[chunk.runs.count - 1].pages += 1
      return
    }
    var run = ImagePageRun()
    (run.pid, run.address, run.pages, run.first) = (pid, address, 1, UInt32(place))
    chunk.runs.append(run)
  }
}
