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
  private let pids: Set<Int32>
  private let memory: SectionMark
  private var cursor: SectionCursor
  private var decompressor = PageDecompressor()

  init(
    metadata: ImageMetadata, totals: ImageTotals, pids: Set<Int32>, memory: SectionMark,
    cursor: consuming SectionCursor
  ) {
    self.metadata = metadata
    self.totals = totals
    self.pids = pids
    self.memory = memory
    self.cursor = cursor
  }

  /// Hands out all chunks in the order of the file, each checked once more as it is read.
  ///
  /// - Parameter body: gets the chunk and its pages as they were in memory (`chunk.pages` of them, page-aligned only
  ///   by chance); both are valid during the call. What it throws ends the walk.
  public mutating func forEachChunk(
    _ body: (ImagePageChunk, UnsafeRawBufferPointer) throws(Problem) -> Void
  ) throws(Problem) {
    cursor.mark = memory
    while true {
      let section = try cursor.next()
      if section.type == .trailer { return }
      let (chunk, data) = try cursor.readChunk(section, pids: pids)
      unsafe try body(chunk, try cursor.readPages(chunk, data, &decompressor))
    }
  }
}
