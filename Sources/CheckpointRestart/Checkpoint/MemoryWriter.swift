/// Defines `MemoryWriter`, which reads the job's pages and writes them to the image.

internal import CLinux
internal import CheckpointImage
internal import ImageSchema
internal import SystemCalls
internal import Tracing

/// Moves the pages of a plan, chunk by chunk: reading needs the job stopped, writing does not. Pages of zeroes are left out
/// as they are read, so that only what the image will hold is kept.
struct MemoryWriter {
  private let plan: MemoryPlan
  private let processes: [JobProcess]
  private let sources: [Range<Int>]
  private let destinations: [[MemoryPlan.Destination]]
  private var blocks: PageBlocks
  /// Where the next chunk is read to.
  private var target: PageBlock
  /// Where the few pages of mostly empty chunks are gathered, and how many are in it.
  private var gathered: PageBlock
  private var gatheredPages = 0
  private var full: [PageBlock] = []
  private var readChunks = 0
  private var waiting: [KeptChunk] = []

  /// A chunk that has been read and not been written.
  private struct KeptChunk {
    var index: Int
    var block: PageBlock
    /// Its first page in the block.
    var start: Int
    var pages: Int
    /// For each page of the plan's chunk its number among those that were kept; -1: it was zero.
    var positions: [Int16]
  }

  /// - Parameter blocks: made before the job was stopped.
  init(_ plan: MemoryPlan, _ processes: [JobProcess], _ blocks: consuming PageBlocks) throws(Problem) {
    target = try blocks.take()
    gathered = try blocks.take()
    self.blocks = blocks
    self.plan = plan
    self.processes = processes
    sources = plan.sourcesByChunk()
    destinations = plan.destinationsByChunk()
  }

  var isAllRead: Bool { readChunks == sources.count }

  /// Reads from the stopped tasks until all is read or enough is kept.
  mutating func read(_ meter: inout MemoryMeter) throws(Problem) {
    while !isAllRead && (waiting.isEmpty || !blocks.areExhausted) {
      let pages = try readSources(of: readChunks, &meter)
      try keep(readChunks, pages)
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
        plan.sources[index].mayBePinned == first.mayBePinned
      {
        parts.append((plan.sources[index].address, plan.sources[index].pages * Int(pageSize)))
        pages += plan.sources[index].pages
        index += 1
      }
      let target = unsafe UnsafeMutableRawBufferPointer(
        rebasing: self.target.bytes[filled * Int(pageSize)..<(filled + pages) * Int(pageSize)])
      do throws(Errno) {
        if first.mayBePinned {
          unsafe try TaskMemory.read(of: process.driver, parts, into: target)
        } else {
          unsafe try TaskMemory(of: process.driver).readForced(parts, into: target)
        }
      } catch {
        throw error.problem(task: process.name, "cannot read its memory at \(String(first.address, radix: 16))")
      }
      filled += pages
      try meter.add(process, UInt64(pages) * pageSize, .memory)
    }
    return filled
  }

  /// Drops the pages of zeroes; what is left stays where it was read if that is much, else it is gathered.
  private mutating func keep(_ chunk: Int, _ pages: Int) throws(Problem) {
    var mustStay = [Bool](repeating: false, count: pages)
    let base = chunk * MemoryPlan.chunkPages
    for destination in destinations[chunk] where !destination.isAnonymous {
      for page in 0..<destination.pages { mustStay[destination.first - base + page] = true }
    }
    var positions = [Int16](repeating: -1, count: pages)
    var count = 0
    for page in 0..<pages {
      if !mustStay[page], unsafe Self.isZero(target, page) { continue }
      if count != page { unsafe Self.copy(target, page, 1, to: target, count) }
      positions[page] = Int16(count)
      count += 1
    }
    var kept = KeptChunk(index: chunk, block: target, start: 0, pages: count, positions: positions)
    if count > MemoryPlan.chunkPages / 2 {
      full.append(target)
      target = try blocks.take()
    } else {
      if gatheredPages + count > MemoryPlan.chunkPages {
        full.append(gathered)
        gathered = try blocks.take()
        gatheredPages = 0
      }
      unsafe Self.copy(target, 0, count, to: gathered, gatheredPages)
      (kept.block, kept.start) = (gathered, gatheredPages)
      gatheredPages += count
    }
    waiting.append(kept)
  }

  @unsafe private static func isZero(_ block: PageBlock, _ page: Int) -> Bool {
    guard let start = unsafe block.bytes.baseAddress?.advanced(by: page * Int(pageSize)) else { return false }
    return unsafe crtop_is_zero(start, Int(pageSize))
  }

  @unsafe private static func copy(_ from: PageBlock, _ page: Int, _ pages: Int, to block: PageBlock, _ place: Int) {
    let size = Int(pageSize)
    unsafe UnsafeMutableRawBufferPointer(rebasing: block.bytes[place * size..<(place + pages) * size])
      .copyMemory(from: UnsafeRawBufferPointer(rebasing: from.bytes[page * size..<(page + pages) * size]))
  }

  /// Writes what has been read to the image.
  mutating func write(to writer: inout ImageWriter, _ meter: inout MemoryMeter) throws(Problem) {
    for chunk in waiting {
      for destination in destinations[chunk.index] {
        try meter.add(processes[destination.process], UInt64(destination.pages) * pageSize, .write)
      }
      guard chunk.pages > 0 else { continue }
      let bytes = unsafe UnsafeRawBufferPointer(
        rebasing: chunk.block.bytes[chunk.start * Int(pageSize)..<(chunk.start + chunk.pages) * Int(pageSize)])
      unsafe try writer.write(chunk: message(chunk), pages: bytes)
    }
    waiting = []
    blocks.giveBack(full)
    full = []
    gatheredPages = 0
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
