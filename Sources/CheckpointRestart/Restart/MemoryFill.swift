/// Defines `MemoryFill`: puts the image's pages into the new tasks, straight from the image into place.

internal import CheckpointImage
internal import ImageSchema
internal import Synchronization
internal import SystemCalls
internal import Tracing

struct MemoryFill {
  private let context: RestartContext

  init(_ context: RestartContext) { self.context = context }

  /// Goes through the image once. The pages of a chunk go to all their tasks at the same time: each task has page tables
  /// of its own, so the processors do not wait for each other.
  func run(_ image: inout VerifiedImage) throws(Problem) {
    var meter = MemoryMeter(context.live.map { ($0.name, $0.image.memoryBytes) }, context.report)
    unsafe try image.forEachChunk { chunk, pages throws(Problem) in
      let groups = try groups(of: chunk)
      let failure = Mutex<(Int, Errno)?>(nil)
      nonisolated(unsafe) let pages = unsafe pages
      Parallel.forEach(groups.count, grain: 4) { index in
        do throws(Errno) { unsafe try Self.write(groups[index], of: chunk, pages) } catch {
          failure.withLock { $0 = (index, error) }
        }
      }
      if let (index, error) = failure.withLock({ $0 }) {
        let pid = chunk.runs[groups[index].lowerBound].pid
        throw error.problem(task: context.byPID[pid]?.name, "cannot restore its memory")
      }
      for group in groups {
        let bytes = chunk.runs[group].reduce(0) { $0 + UInt64($1.pages) * pageSize }
        try meter.add(chunk.runs[group.lowerBound].pid, bytes)
      }
    }
    meter.finish()
  }

  /// Neighbouring runs of one task, as many as one call takes.
  private func groups(of chunk: ImagePageChunk) throws(Problem) -> [Range<Int>] {
    var groups: [Range<Int>] = []
    var start = 0
    for index in 0...chunk.runs.count {
      let isEnd = index == chunk.runs.count
      guard isEnd || chunk.runs[index].pid != chunk.runs[start].pid || index - start == 512 else { continue }
      if start < index {
        let pid = chunk.runs[start].pid
        guard let process = context.byPID[pid], !process.isZombie else {
          throw Problem(
            errno: .invalidArgument, what: "memory of pid \(pid) in the image", why: "there is no such task")
        }
        groups.append(start..<index)
      }
      start = index
    }
    return groups
  }

  @unsafe private static func write(
    _ group: Range<Int>, of chunk: ImagePageChunk, _ pages: UnsafeRawBufferPointer
  ) throws(Errno) {
    let pid = chunk.runs[group.lowerBound].pid
    let size = Int(pageSize)
    let parts = unsafe chunk.runs[group].map { run in
      unsafe (
        address: run.address,
        bytes: UnsafeRawBufferPointer(
          rebasing: pages[Int(run.first) * size..<Int(run.first + run.pages) * size])
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
