/// Defines `MemoryFill`: gives new tasks their address spaces, and puts the image's pages straight into place.

internal import CheckpointImage
internal import ImageSchema
internal import Synchronization
internal import SystemCalls
internal import Tracing

struct MemoryFill: ~Copyable {
  private let context: RestartContext
  private let content: MemoryContent
  private var image: VerifiedImage
  private var meter: MemoryMeter

  init(_ context: RestartContext, _ image: consuming VerifiedImage) throws(Problem) {
    self.context = context
    content = try MemoryContent(image.chunks, of: context.metadata.processes)
    meter = MemoryMeter(context.live.map { ($0.name, $0.image.memoryBytes) }, context.report)
    self.image = image
  }

  /// A run of pages that a task needs.
  private struct Piece {
    var pid: Int32
    var run: PageRun
  }

  /// Maps and fills the memory of tasks that have just been created, and have no children yet. Their parents have theirs.
  /// Those that share another's memory have it already.
  mutating func run(_ processes: [RestartingProcess], _ scaffold: borrowing Scaffold) throws(Problem) {
    let living = processes.filter { !$0.isZombie && $0.memoryOwner == $0.pid }
    var pieces: [Int: [Piece]] = [:]
    try scaffold.forAll(living) { process, calls throws(Problem) in
      try context.progress(process, .restore)
      let parent = context.mustExecute(process) ? nil : context.memoryDonor(of: process)?.image
      let inheritance = MemoryInheritance(of: process.image, from: parent, content)
      inheritance.addCalls(scaffold.range, &calls)
      try AddressSpace.map(process, inheritance, context, &calls)
      for run in inheritance.needed { pieces[run.chunk, default: []].append(Piece(pid: process.pid, run: run)) }
    }
    for chunk in pieces.keys.sorted() { try fill(pieces[chunk] ?? [], from: chunk) }
    for process in living { try context.foreignVDSO?.write(to: process) }
    for process in living { try meter.add(process.pid, process.image.memoryBytes) }
  }

  /// The pages of a chunk go to all their tasks at the same time: each task has page tables of its own, so the processors
  /// do not wait for each other.
  private mutating func fill(_ pieces: [Piece], from chunk: Int) throws(Problem) {
    let groups = Self.groups(of: pieces)
    let failure = Mutex<(Int, Errno)?>(nil)
    unsafe try image.readChunk(chunk) { (pages) throws(Problem) in
      nonisolated(unsafe) let pages = unsafe pages
      Parallel.forEach(groups.count, grain: 4) { index in
        do throws(Errno) { unsafe try Self.write(pieces[groups[index]], pages) } catch {
          failure.withLock { $0 = (index, error) }
        }
      }
    }
    if let (index, error) = failure.withLock({ $0 }) {
      let pid = pieces[groups[index].lowerBound].pid
      throw error.problem(task: context.byPID[pid]?.name, "cannot restore its memory")
    }
    for group in groups {
      let bytes = pieces[group].reduce(0) { $0 + UInt64($1.run.pages) * pageSize }
      try meter.add(pieces[group.lowerBound].pid, bytes)
    }
  }

  /// Neighbouring pieces of one task, as many as one call takes.
  private static func groups(of pieces: [Piece]) -> [Range<Int>] {
    var groups: [Range<Int>] = []
    var start = 0
    for index in pieces.indices.dropFirst() where pieces[index].pid != pieces[start].pid || index - start == 512 {
      groups.append(start..<index)
      start = index
    }
    if start < pieces.count { groups.append(start..<pieces.count) }
    return groups
  }

  @unsafe private static func write(
    _ pieces: ArraySlice<Piece>, _ pages: UnsafeRawBufferPointer
  ) throws(Errno) {
    guard let pid = pieces.first?.pid else { return }
    let size = Int(pageSize)
    let parts = unsafe pieces.map { piece in
      unsafe (
        address: piece.run.address,
        bytes: UnsafeRawBufferPointer(
          rebasing: pages[piece.run.first * size..<(piece.run.first + piece.run.pages) * size])
      )
    }
    do throws(Errno) { unsafe try TaskMemory.write(parts, of: pid) } catch {
      // A page that the task itself could never write, changed by a debugger.
      guard error == .badAddress else { throw error }
      let memory = try TaskMemory(of: pid)
      for index in unsafe parts.indices {
        unsafe try memory.writeForced(parts[index].bytes, to: parts[index].address)
      }
    }
  }
}
