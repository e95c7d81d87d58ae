/// Defines `VerifiedImage`, an image of which every byte has been checked.

public import ImageSchema
public import SystemCalls

/// An image that can be restarted from. It comes from `ImageReader.verify`.
public struct VerifiedImage: ~Copyable {
  /// All of it but memory.
  public let metadata: ImageMetadata
  /// Counted while it was verified.
  public let totals: ImageTotals
  /// The image's path, or what stands for it in messages.
  public var name: String { cursor.input.name }
  /// What the chunks hold, in the order of the file.
  public let chunks: [ImagePageChunk]
  private let pids: Set<Int32>
  /// The place before each chunk.
  private let marks: [SectionMark]
  private var cursor: SectionCursor
  private var decompressor = PageDecompressor()

  init(
    metadata: ImageMetadata, totals: ImageTotals, pids: Set<Int32>, chunks: [ImagePageChunk], marks: [SectionMark],
    cursor: consuming SectionCursor
  ) {
    self.metadata = metadata
    self.totals = totals
    self.pids = pids
    self.chunks = chunks
    self.marks = marks
    self.cursor = cursor
  }

  /// Hands out one chunk, checked once more as it is read.
  ///
  /// - Parameters:
  ///   - index: of the chunk in `chunks`.
  ///   - body: gets the chunk's pages as they were in memory (page-aligned only by chance), valid during the call.
  public mutating func readChunk(
    _ index: Int, _ body: (UnsafeRawBufferPointer) throws(Problem) -> Void
  ) throws(Problem) {
    cursor.mark = marks[index]
    let section = try cursor.next()
    let (chunk, data) = try cursor.readChunk(section, pids: pids)
    guard chunk == chunks[index] else {
      throw cursor.input.fault(.inconsistent(section.place, "it is not what it was when it was verified"))
    }
    unsafe try body(try cursor.readPages(chunk, data, &decompressor))
  }

  /// Hands out all chunks in the order of the file.
  public mutating func forEachChunk(
    _ body: (ImagePageChunk, UnsafeRawBufferPointer) throws(Problem) -> Void
  ) throws(Problem) {
    for (index, chunk) in chunks.enumerated() {
      unsafe try readChunk(index) { (pages) throws(Problem) in unsafe try body(chunk, pages) }
    }
  }
}
