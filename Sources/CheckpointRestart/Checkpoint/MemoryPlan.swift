/// Defines `MemoryPlan`: which pages go into the image, each stored once, and to whom they belong.

internal import CLinux
internal import ImageSchema
internal import SystemCalls

/// Pages in the order in which they are stored.
struct MemoryPlan {
  /// Pages that are written at once: 1 MiB, which stays in the processor's cache.
  static let chunkPages = 256

  /// A run of pages as it is read; it does not cross a chunk's boundary.
  struct Source {
    var process: Int
    var address: UInt64
    var pages: Int
    /// Whether process_vm_readv(2) can read it: the task can, and has the pages alone. It pins pages, and the kernel
    /// gives a task a copy of its own of an anonymous page that is shared before it is pinned (mm/gup.c).
    var mayBePinned: Bool
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
    let found = OwnPages.read(of: processes)
    for (index, process) in processes.enumerated() {
      let before = destinationPages
      switch found[index] {
      case .success(let pages): add(pages, index, process, context)
      case .failure(let error):
        throw error.problem(task: process.name, "cannot read which of its pages are in use (pagemap)")
      }
      bytesOfProcess.append(UInt64(destinationPages - before) * pageSize)
      process.image.memoryBytes = bytesOfProcess[index]
    }
  }

  private mutating func add(_ found: OwnPages, _ index: Int, _ process: JobProcess, _ context: CheckpointContext) {
    for page in found.pages {
      let area = process.contentAreas[Int(page.area)]
      let isAnonymous = !area.name.hasPrefix("/")
      let frame = mayShare && !page.entry.isExclusive ? page.entry.frame : 0
      if frame != 0, let first = storedFrames[frame] {
        addDestination(index, page.address, first: first, isAnonymous: isAnonymous)
        continue
      }
      if frame != 0 { storedFrames[frame] = pages }
      addSource(index, page.address, mayBePinned: area.protection & PROT_READ != 0 && page.entry.isExclusive)
      addDestination(index, page.address, first: pages, isAnonymous: isAnonymous)
      pages += 1
    }
    GuardRegions.save(found.guards, process, context)
  }

  private mutating func addSource(_ process: Int, _ address: UInt64, mayBePinned: Bool) {
    if let last = sources.last, last.process == process, last.address + UInt64(last.pages) * pageSize == address,
      last.mayBePinned == mayBePinned, pages % Self.chunkPages != 0
    {
      sources[sources.count - 1].pages += 1
    } else {
      sources.append(Source(process: process, address: address, pages: 1, mayBePinned: mayBePinned))
    }
  }

  private mutating func addDestination(_ process: Int, _ address: UInt64, first: Int, isAnonymous: Bool) {
    destinationPages += 1
    if let last = destinations.last, last.process == process,
      last.address + UInt64(last.pages) * pageSize == address, last.first + last.pages == first,
      last.isAnonymous == isAnonymous, first % Self.chunkPages != 0
    {
      destinations[destinations.count - 1].pages += 1
    } else {
      destinations.append(
        Destination(process: process, address: address, pages: 1, first: first, isAnonymous: isAnonymous))
    }
  }

  /// How many chunks there are.
  var chunks: Int { (pages + Self.chunkPages - 1) / Self.chunkPages }

  /// The destinations by chunk.
  func destinationsByChunk() -> [[Destination]] {
    var byChunk = [[Destination]](repeating: [], count: chunks)
    for destination in destinations { byChunk[destination.first / Self.chunkPages].append(destination) }
    return byChunk
  }

  /// The sources of each chunk: a range of indices into `sources`.
  func sourcesByChunk() -> [Range<Int>] {
    var ranges: [Range<Int>] = []
    var (start, read) = (0, 0)
    for index in sources.indices {
      read += sources[index].pages
      if read % Self.chunkPages == 0 || read == pages {
        ranges.append(start..<index + 1)
        start = index + 1
      }
    }
    return ranges
  }
}
