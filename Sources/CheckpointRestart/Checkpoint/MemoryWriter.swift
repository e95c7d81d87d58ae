/// Defines `MemoryWriter`, which reads the job's pages and writes them to the image.

internal import CLinux
internal import CheckpointImage
internal import ImageSchema
internal import SystemCalls
internal import Tracing

/// Moves the pages of a plan, chunk by chunk: reading needs the job stopped, writing does not. Pages of zeroes are left out
/// as they are read, so that only what the image will hold is kept.
struct MemoryWriter: ~Copyable {
  private let plan: MemoryPlan
  private let processes: [JobProcess]
  private let sources: [Range<Int>]
  private let destinations: [[MemoryPlan.Destination]]
  /// Where a chunk is read to, and what is kept of all that were read.
  private let scratch: PageBuffer
  private let kept: PageBuffer
  private let allowance: Int
  private var readChunks = 0
  private var waiting: [KeptChunk] = []
  private var keptPages = 0

  /// A chunk that has been read and not been written.
  private struct KeptChunk {
    var index: Int
    /// Its first page in the buffer.
    var start: Int
    var pages: Int
    /// For each page of the plan's chunk its number among those that were kept; -1: it was zero.
    var positions: [Int16]
  }

  init(_ plan: MemoryPlan, _ processes: [JobProcess]) throws(Problem) {
    let allowance = max(MemoryPlan.chunkPages, min(plan.pages, PageBuffer.allowance()))
    let scratch = try PageBuffer.reserve(pages: MemoryPlan.chunkPages)
    let kept = try PageBuffer.reserve(pages: allowance)
    self.scratch = scratch
    self.kept = kept
    self.allowance = allowance
    self.plan = plan
    self.processes = processes
    sources = plan.sourcesByChunk()
    destinations = plan.destinationsByChunk()
  }

  var isAllRead: Bool { readChunks == sources.count }

  /// Reads from the stopped tasks until all is read or the buffer is full.
  mutating func read(_ meter: inout MemoryMeter) throws(Problem) {
    while !isAllRead, keptPages + MemoryPlan.chunkPages <= allowance || waiting.isEmpty {
      let pages = try readSources(of: readChunks, &meter)
      keep(readChunks, pages)
      readChunks += 1
    }
  }

  /// Neighbouring runs of one process in one call.
  private func readSources(of chunk: Int, _ meter: inout MemoryMeter) throws(Problem) -> Int {
    var filled = 0
    var index = sources[chunk].lowerBound
    while index < sources[chunk].upperBound {
      let first = plan.sources[index]
      let process = processes[first.process]
      var parts: [(address: UInt64, length: Int)] = []
      var pages = 0
      while index < sources[chunk].upperBound, plan.sources[index].process == first.process,
        plan.sources[index].isReadable == first.isReadable
      {
        parts.append((plan.sources[index].address, plan.sources[index].pages * Int(pageSize)))
        pages += plan.sources[index].pages
        index += 1
      }
      let target = unsafe UnsafeMutableRawBufferPointer(
        rebasing: scratch.bytes[filled * Int(pageSize)..<(filled + pages) * Int(pageSize)])
      do throws(Errno) {
        if first.isReadable {
          unsafe try TaskMemory.read(of: process.pid, parts, into: target)
        } else {
          unsafe try TaskMemory(of: process.pid).readForced(parts, into: target)
        }
      } catch { throw error.problem(task: process.name, "cannot read its memory at \(String(first.address, radix: 16))") }
      filled += pages
      try meter.add(process, UInt64(pages) * pageSize, .memory)
    }
    return filled
  }

  private mutating func keep(_ chunk: Int, _ pages: Int) {
    var mustStay = [Bool](repeating: false, count: pages)
    let base = chunk * MemoryPlan.chunkPages
    for destination in destinations[chunk] where !destination.isAnonymous {
      for page in 0..<destination.pages { mustStay[destination.first - base + page] = true }
    }
    var positions = [Int16](repeating: -1, count: pages)
    var count = 0
    let size = Int(pageSize)
    for page in 0..<pages {
      let source = unsafe UnsafeRawBufferPointer(rebasing: scratch.bytes[page * size..<(page + 1) * size])
      if !mustStay[page], let start = source.baseAddress, unsafe crtop_is_zero(start, size) { continue }
      let place = (keptPages + count) * size
      unsafe UnsafeMutableRawBufferPointer(rebasing: kept.bytes[place..<place + size]).copyMemory(from: source)
      positions[page] = Int16(count)
      count += 1
    }
    waiting.append(KeptChunk(index: chunk, start: keptPages, pages: count, positions: positions))
    keptPages += count
  }

  /// Writes what has been read to the image.
  mutating func write(to writer: inout ImageWriter, _ meter: inout MemoryMeter) throws(Problem) {
    for chunk in waiting {
      for destination in destinations[chunk.index] {
        try meter.add(processes[destination.process], UInt64(destination.pages) * pageSize, .write)
      }
      guard chunk.pages > 0 else { continue }
      let bytes = unsafe UnsafeRawBufferPointer(
        rebasing: kept.bytes[chunk.start * Int(pageSize)..<(chunk.start + chunk.pages) * Int(pageSize)])
      unsafe try writer.write(chunk: message(chunk), pages: bytes)
    }
    waiting = []
    keptPages = 0
  }

  private func message(_ chunk: KeptChunk) -> ImagePageChunk {
    var message = ImagePageChunk()
    message.pages = UInt32(chunk.pages)
    var runs: [ImagePageRun] = []
    let base = chunk.index * MemoryPlan.chunkPages
    for destination in destinations[chunk.index] {
      let pid = processes[destination.process].pid
      var run = ImagePageRun()
      for page in 0..<destination.pages {
        let position = chunk.positions[destination.first - base + page]
        let follows = run.pages > 0 && position >= 0 && run.first + run.pages == UInt32(position)
        if follows {
          run.pages += 1
          continue
        }
        if run.pages > 0 { runs.append(run) }
        run = ImagePageRun()
        guard position >= 0 else { continue }
        (run.pid, run.address, run.pages) = (pid, destination.address + UInt64(page) * pageSize, 1)
        run.first = UInt32(position)
      }
      if run.pages > 0 { runs.append(run) }
    }
    message.runs = runs
    return message
  }
}
