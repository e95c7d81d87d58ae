/// Defines `ImageWriter`, which writes an image strictly in sequence.

public import ImageSchema
public import SystemCalls
internal import SwiftProtobuf

/// What an image holds, in numbers.
public struct ImageTotals: Sendable, Hashable {
  /// Size of the image.
  public var bytes: UInt64 = 0
  public var sections: UInt64 = 0
  public var processes: UInt64 = 0
  public var chunks: UInt64 = 0
  /// Pages of all chunks.
  public var pages: UInt64 = 0
  /// Bytes that their data takes in the image.
  public var storedBytes: UInt64 = 0
}

/// Writes header, processes (parents first), shared objects, chunks, trailer, in this order and no other.
///
/// After an error the image is useless; `ImageDestination` sees to it that nobody finds it.
public struct ImageWriter: ~Copyable {
  private let name: String
  private var output: ImageOutput
  private var compressor: PageCompressor
  private var order = SectionOrder()
  private var link: UInt64
  private var declaredProcesses: UInt64 = 0
  private var pids: Set<Int32> = []
  private var totals = ImageTotals()

  /// Begins an image.
  ///
  /// - Parameters:
  ///   - descriptor: open for writing, at the place where the image is to begin; it must outlive the writer.
  ///   - name: for messages.
  public init(descriptor: Int32, name: String, compression: Compression = .none) throws(Problem) {
    var output = try ImageOutput(descriptor: descriptor, name: name)
    link = unsafe try output.append(FileHead.size) { unsafe FileHead().encode(into: $0) }
    self.name = name
    self.output = output
    compressor = PageCompressor(compression)
  }

  /// Writes the first section. `tasks` of the header must be the number of processes that follow.
  public mutating func write(header: ImageHeader) throws(Problem) {
    guard header.pageSize == UInt32(ImageLimits.pageSize) else {
      throw mistake("a page size of \(header.pageSize) in the header")
    }
    declaredProcesses = UInt64(header.tasks)
    try write(.header, header)
  }

  /// Writes one process, after its parent.
  public mutating func write(process: ImageProcess) throws(Problem) {
    if let fault = process.fault(pids: pids) { throw mistake(fault) }
    try write(.process, process)
    pids.insert(process.pid)
    totals.processes += 1
  }

  /// Writes the shared objects, after the last process.
  public mutating func write(sharedObjects: ImageSharedObjects) throws(Problem) {
    try write(.sharedObjects, sharedObjects)
  }

  /// Writes one chunk of memory.
  ///
  /// - Parameters:
  ///   - chunk: its `checksum` is set here.
  ///   - pages: `chunk.pages` pages, at most `ImageLimits.chunkPages`; zero pages are left out by the caller.
  public mutating func write(chunk: ImagePageChunk, pages: UnsafeRawBufferPointer) throws(Problem) {
    if let fault = chunk.fault(pids: pids) { throw mistake(fault) }
    guard pages.count == chunk.byteCount else { throw mistake("\(pages.count) bytes of \(chunk.pages) pages") }
    let (stored, compression) = unsafe compressor.compress(pages)
    var chunk = chunk
    chunk.checksum = unsafe checksum(of: pages)
    try write(.pageRuns, chunk)
    let content = compression == .none ? chunk.checksum : unsafe checksum(of: stored)
    unsafe try write(.pageData, flags: compression.flag, stored, checksum: content)
    totals.chunks += 1
    totals.pages += UInt64(chunk.pages)
    totals.storedBytes += UInt64(stored.count)
  }

  /// Writes the trailer and everything still in the buffer. Nothing is on disk before `ImageDestination.commit`.
  public consuming func finish(pauseMicroseconds: Int64) throws(Problem) -> ImageTotals {
    guard totals.processes == declaredProcesses else {
      throw mistake("\(totals.processes) processes where the header says \(declaredProcesses)")
    }
    let trailerOffset = output.offset
    var trailer = ImageTrailer()
    trailer.sections = totals.sections
    trailer.pages = totals.pages
    trailer.storedBytes = totals.storedBytes
    trailer.pauseUs = pauseMicroseconds
    try write(.trailer, trailer)
    let tail = FileTail(trailerOffset: trailerOffset, link: link)
    unsafe try output.append(FileTail.size) { unsafe tail.encode(into: $0) }
    try output.flush()
    totals.bytes = output.offset
    return totals
  }

  private mutating func write(_ type: SectionType, _ message: some Message) throws(Problem) {
    let bytes: [UInt8]
    do { bytes = try message.serializedBytes() } catch { throw mistake("\(type.name): \(error)") }
    do {
      unsafe try bytes.withUnsafeBytes { unsafe try write(type, $0, checksum: checksum(of: $0)) }
    } catch let problem as Problem {
      throw problem
    } catch {
      throw mistake("\(type.name): \(error)")
    }
  }

  private mutating func write(
    _ type: SectionType, flags: UInt32 = 0, _ content: UnsafeRawBufferPointer, checksum: UInt64
  ) throws(Problem) {
    guard order.accept(type) else { throw mistake("a \(type.name) section out of order") }
    guard content.count <= type.limit else {
      throw mistake("\(content.count) bytes of \(type.name), the limit is \(type.limit)")
    }
    let head = SectionHead(
      type: type, flags: flags, length: UInt64(content.count), content: checksum, link: link)
    link = unsafe try output.append(SectionHead.size) { unsafe head.encode(into: $0) }
    unsafe try output.append(content)
    totals.sections += 1
  }

  /// What only a fault of the caller, or a job beyond the format's limits, can cause.
  private func mistake(_ why: String) -> Problem {
    Problem(errno: .invalidArgument, what: "\(name) cannot be written", why: why)
  }
}
