/// Defines `ImageReader`, an image that is open but not yet verified.

public import ImageSchema
public import SystemCalls
internal import CLinux

/// What an image holds besides memory.
public struct ImageMetadata: Sendable {
  public var header: ImageHeader
  /// Parents before their children; as many as the header says.
  public var processes: [ImageProcess]
  public var sharedObjects: ImageSharedObjects
  public var trailer: ImageTrailer
}

/// How far a verification is, in bytes of the image. Throwing ends it.
public typealias ImageProgress = (_ done: UInt64, _ total: UInt64) throws(Problem) -> Void

/// An image whose file head and header have been read. Memory can be had from a `VerifiedImage` only.
public struct ImageReader: ~Copyable {
  /// The image's path, or what stands for it in messages.
  public var name: String { cursor.input.name }
  /// Size of the file in bytes.
  public var size: UInt64 { cursor.input.size }
  /// The first section.
  public let header: ImageHeader
  private var cursor: SectionCursor

  /// Opens a regular file that belongs to the caller or root and that nobody else can write.
  public init(path: String) throws(Problem) {
    try self.init(descriptor: try openImage(path), name: path)
  }

  /// Reads an open regular file from its start, whoever owns it.
  public init(descriptor: consuming OwnedDescriptor, name: String) throws(Problem) {
    let size = try imageStatus(descriptor.number, name).st_size
    try self.init(ImageInput(descriptor, size: UInt64(max(size, 0)), name: name))
  }

  private init(_ input: consuming ImageInput) throws(Problem) {
    var cursor = try SectionCursor(input)
    let section = try cursor.next()
    let header: ImageHeader = try cursor.message(section)
    guard header.pageSize == UInt32(ImageLimits.pageSize) else {
      throw cursor.input.fault(.otherMachine("its pages have \(header.pageSize) bytes, not \(ImageLimits.pageSize)"))
    }
    self.header = header
    self.cursor = cursor
  }

  /// Reads the trailer from the end of the file, without going through what stands before it.
  public mutating func readTrailer() throws(Problem) -> ImageTrailer {
    let mark = cursor.mark
    defer { cursor.mark = mark }
    return try cursor.readTrailerFromEnd()
  }

  /// Reads everything but memory, which is not verified.
  public mutating func readMetadata() throws(Problem) -> ImageMetadata {
    let mark = cursor.mark
    defer { cursor.mark = mark }
    let (processes, sharedObjects) = try cursor.readTree(header: header)
    let trailer = try cursor.readTrailerFromEnd()
    return ImageMetadata(header: header, processes: processes, sharedObjects: sharedObjects, trailer: trailer)
  }

  /// Goes through the whole image and checks every byte of it.
  ///
  /// - Parameter decompressing: also decompress each chunk, which costs time and finds faults of a compressor.
  public consuming func verify(
    decompressing: Bool = false, onProgress: ImageProgress? = nil
  ) throws(Problem) -> VerifiedImage {
    let header = self.header
    var cursor = self.cursor
    let (processes, sharedObjects) = try cursor.readTree(header: header)
    let pids = Set(processes.map(\.pid))
    var chunks: [ImagePageChunk] = []
    var marks: [SectionMark] = []
    var decompressor = PageDecompressor()
    var totals = ImageTotals()
    while true {
      let mark = cursor.mark
      let section = try cursor.next()
      if section.type == .trailer {
        let trailer: ImageTrailer = try cursor.message(section)
        try cursor.check(trailer, section, against: totals)
        try cursor.finish(after: section)
        totals.bytes = cursor.input.size
        totals.sections = cursor.mark.index
        totals.processes = UInt64(processes.count)
        return VerifiedImage(
          metadata: ImageMetadata(
            header: header, processes: processes, sharedObjects: sharedObjects, trailer: trailer),
          totals: totals, pids: pids, chunks: chunks, marks: marks, cursor: cursor)
      }
      let (chunk, data) = try cursor.readChunk(section, pids: pids)
      if decompressing {
        unsafe _ = try cursor.readPages(chunk, data, &decompressor)
      } else {
        try cursor.check(data)
      }
      chunks.append(chunk)
      marks.append(mark)
      totals.chunks += 1
      totals.pages += UInt64(chunk.pages)
      totals.storedBytes += data.head.length
      try onProgress?(cursor.input.offset, cursor.input.size)
    }
  }
}
