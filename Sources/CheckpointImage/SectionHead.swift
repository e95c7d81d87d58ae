/// Defines `SectionHead`, the 40 bytes that stand before each section's content, and the order of sections.

/// What a section holds. The raw value is its number in the file.
package enum SectionType: UInt32, CaseIterable {
  case header = 1
  case process = 2
  case sharedObjects = 3
  case pageRuns = 4
  case pageData = 5
  case trailer = 6

  /// The name in messages.
  package var name: String {
    switch self {
    case .header: "header"
    case .process: "process"
    case .sharedObjects: "shared objects"
    case .pageRuns: "page runs"
    case .pageData: "page data"
    case .trailer: "trailer"
    }
  }

  /// The longest content, in bytes.
  package var limit: UInt64 {
    switch self {
    case .header: ImageLimits.headerBytes
    case .process, .sharedObjects: ImageLimits.metadataBytes
    case .pageRuns: ImageLimits.runsBytes
    case .pageData: UInt64(ImageLimits.chunkPages * ImageLimits.pageSize)
    case .trailer: ImageLimits.trailerBytes
    }
  }
}

/// The head of a section. Its checksum covers the four fields before it.
package struct SectionHead {
  package static let size = 40

  /// A `SectionType`.
  package var type: UInt32
  /// Page data: the compression, see `Compression.flag`. All others: 0.
  package var flags: UInt32 = 0
  /// Bytes of content.
  package var length: UInt64
  /// XXH3-64 of the content.
  package var content: UInt64
  /// The checksum of the head before this one, the file head for the first: it ties the sections into one chain.
  package var link: UInt64
  /// XXH3-64 of this head's first 32 bytes.
  package private(set) var checksum: UInt64 = 0

  package init(type: SectionType, flags: UInt32 = 0, length: UInt64, content: UInt64, link: UInt64) {
    self.type = type.rawValue
    self.flags = flags
    self.length = length
    self.content = content
    self.link = link
  }

  /// Takes apart `size` bytes; `nil` if their checksum is wrong.
  package init?(_ bytes: UnsafeRawBufferPointer) {
    type = unsafe bytes.integer(at: 0)
    flags = unsafe bytes.integer(at: 4)
    length = unsafe bytes.integer(at: 8)
    content = unsafe bytes.integer(at: 16)
    link = unsafe bytes.integer(at: 24)
    checksum = unsafe bytes.integer(at: 32)
    guard unsafe checksum == CheckpointImage.checksum(of: UnsafeRawBufferPointer(rebasing: bytes[..<32])) else {
      return nil
    }
  }

  /// Stores `size` bytes; returns their checksum, which the next section links to.
  package func encode(into bytes: UnsafeMutableRawBufferPointer) -> UInt64 {
    unsafe bytes.store(type, at: 0)
    unsafe bytes.store(flags, at: 4)
    unsafe bytes.store(length, at: 8)
    unsafe bytes.store(content, at: 16)
    unsafe bytes.store(link, at: 24)
    let sum = unsafe CheckpointImage.checksum(of: UnsafeRawBufferPointer(rebasing: bytes[..<32]))
    unsafe bytes.store(sum, at: 32)
    return sum
  }
}

/// The one order in which sections may stand: header, processes, shared objects, chunks of two sections each, trailer.
struct SectionOrder {
  private var last: SectionType?

  /// Whether `type` may be next; if so it is the last one from now on.
  mutating func accept(_ type: SectionType) -> Bool {
    switch (last, type) {
    case (nil, .header), (.header, .process), (.process, .process), (.process, .sharedObjects),
      (.sharedObjects, .pageRuns), (.sharedObjects, .trailer), (.pageRuns, .pageData), (.pageData, .pageRuns),
      (.pageData, .trailer):
      last = type
      return true
    default: return false
    }
  }
}
