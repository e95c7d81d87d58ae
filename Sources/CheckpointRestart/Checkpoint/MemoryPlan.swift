/// Defines `MemoryPlan`: which pages go into the image, each stored once, and to whom they belong.

internal import CLinux
internal import CheckpointImage
internal import ImageSchema
internal import SystemCalls

/// Pages in the order in which they are stored.
struct MemoryPlan {
  /// A run of pages as it is read.
  struct Source {
    var process: Int
    var address: UInt64
    var pages: Int
    var isReadable: Bool
  }

  /// A run of pages as it belongs to a process.
  struct Destination {
    var process: Int
    var address: UInt64
    var pages: Int
    /// Number of the first page in stored order.
    var first: Int
    /// A page of zeroes need not be stored.
    var isAnonymous: Bool
  }

  private(set) var sources: [Source] = []
  private(set) var destinations: [Destination] = []
  private(set) var pages = 0
  /// Bytes of pages with content of each process, shared ones too.
  private(set) var bytesOfProcess: [UInt64] = []
  private var storedFrames: [UInt64: Int] = [:]
  private let mayShare: Bool
  private var destinationPages = 0

  /// Reads the page maps of all processes, which must be stopped.
  init(_ processes: [JobProcess], _ context: CheckpointContext) throws(Problem) {
    mayShare = processes.count > 1
    for (index, process) in processes.enumerated() {
      let before = destinationPages
      do throws(Errno) {
        let map = try PageMap(of: process)
        for area in process.contentAreas { try add(area, index, process, map, context) }
      } catch { throw error.problem(task: process.name, "cannot read which of its pages are in use (pagemap)") }
      bytesOfProcess.append(UInt64(destinationPages - before) * pageSize)
      process.image.memoryBytes = bytesOfProcess[index]
    }
  }

  private mutating func add(
    _ area: MappedArea, _ index: Int, _ process: JobProcess, _ map: borrowing PageMap, _ context: CheckpointContext
  ) throws(Errno) {
    let isFile = area.name.hasPrefix("/")
    let isReadable = area.protection & PROT_READ != 0
    var hasGuards = false
    try map.forEachPage(of: area.range) { address, entry in
      if entry.isGuard { hasGuards = true }
      guard entry.isOwn else { return }
      let frame = mayShare && !entry.isExclusive ? entry.frame : 0
      if frame != 0, let first = storedFrames[frame] {
        addDestination(index, address, first: first, isAnonymous: !isFile)
        return
      }
      if frame != 0 { storedFrames[frame] = pages }
      addSource(index, address, isReadable: isReadable)
      addDestination(index, address, first: pages, isAnonymous: !isFile)
      pages += 1
    }
    if hasGuards {
      context.refuse(
        process.problem(
          .notSupported, "its guard pages in the mapping \(String(area.start, radix: 16))",
          why: "guard regions (MADV_GUARD_INSTALL) are not supported"))
    }
  }

  private mutating func addSource(_ process: Int, _ address: UInt64, isReadable: Bool) {
    if let last = sources.last, last.process == process, last.address + UInt64(last.pages) * pageSize == address,
      last.isReadable == isReadable, last.pages < ImageLimits.chunkPages
    {
      sources[sources.count - 1].pages += 1
    } else {
      sources.append(Source(process: process, address: address, pages: 1, isReadable: isReadable))
    }
  }

  private mutating func addDestination(_ process: Int, _ address: UInt64, first: Int, isAnonymous: Bool) {
    destinationPages += 1
    if let last = destinations.last, last.process == process,
      last.address + UInt64(last.pages) * pageSize == address, last.first + last.pages == first,
      last.isAnonymous == isAnonymous, first % ImageLimits.chunkPages != 0
    {
      destinations[destinations.count - 1].pages += 1
    } else {
      destinations.append(
        Destination(process: process, address: address, pages: 1, first: first, isAnonymous: isAnonymous))
    }
  }

  /// The destinations by chunk: which of them lie in the chunk of pages that starts at `chunk * chunkPages`.
  func destinationsByChunk() -> [[Destination]] {
    var byChunk = [[Destination]](repeating: [], count: (pages + ImageLimits.chunkPages - 1) / ImageLimits.chunkPages)
    for destination in destinations { byChunk[destination.first / ImageLimits.chunkPages].append(destination) }
    return byChunk
  }
}
