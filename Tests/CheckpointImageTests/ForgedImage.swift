/// Takes images apart and makes them with heads that are right where the content is wrong.

import CheckpointImage
import ImageSchema
import SwiftProtobuf

/// An image cut at its section heads, by the layout in docs/image-format.md.
struct SplitImage {
  var head: [UInt8]
  var sections: [[UInt8]] = []
  var tail: [UInt8] = []

  init(_ bytes: [UInt8]) {
    head = Array(bytes[..<24])
    var offset = 24
    while offset < bytes.count - 24 {
      let length = (0..<8).reduce(0) { $0 | Int(bytes[offset + 8 + $1]) << (8 * $1) }
      sections.append(Array(bytes[offset..<offset + 40 + length]))
      offset += 40 + length
    }
    tail = Array(bytes[offset...])
  }

  var bytes: [UInt8] { head + sections.flatMap { $0 } + tail }
}

/// An image whose checksums are all right, whatever it says.
struct ForgedImage {
  private(set) var bytes = [UInt8](repeating: 0, count: FileHead.size)
  private var link: UInt64 = 0
  private var lastOffset = 0
  private var count: UInt64 = 0

  init(_ head: FileHead = FileHead()) {
    let target = bytes.count
    link = unsafe bytes.withUnsafeMutableBytes { unsafe head.encode(into: $0) }
    precondition(bytes.count == target)
  }

  mutating func add(
    _ type: UInt32, flags: UInt32 = 0, length: UInt64? = nil, _ content: [UInt8] = []
  ) {
    let sum = unsafe content.withUnsafeBytes { unsafe checksum(of: $0) }
    var head = SectionHead(
      type: .header, flags: flags, length: length ?? UInt64(content.count), content: sum, link: link)
    head.type = type
    var encoded = [UInt8](repeating: 0, count: SectionHead.size)
    link = unsafe encoded.withUnsafeMutableBytes { unsafe head.encode(into: $0) }
    lastOffset = bytes.count
    bytes += encoded + content
    count += 1
  }

  mutating func add(_ type: SectionType, _ message: some Message) throws {
    add(type.rawValue, try message.serializedBytes())
  }

  /// Header, two processes and shared objects, as a sample image has them.
  mutating func addTree() throws {
    try add(.header, sampleHeader())
    try add(.process, sampleProcess(100))
    try add(.process, sampleZombie(101, parent: 100))
    try add(.sharedObjects, sampleSharedObjects())
  }

  mutating func addChunk(_ chunk: ImagePageChunk, flags: UInt32 = 0, _ stored: [UInt8]) throws {
    try add(.pageRuns, chunk)
    add(SectionType.pageData.rawValue, flags: flags, stored)
  }

  /// Trailer and tail.
  mutating func end(pages: UInt64 = 0, storedBytes: UInt64 = 0, sections: UInt64? = nil) throws {
    var trailer = ImageTrailer()
    trailer.sections = sections ?? count
    trailer.pages = pages
    trailer.storedBytes = storedBytes
    try add(.trailer, trailer)
    var encoded = [UInt8](repeating: 0, count: FileTail.size)
    let tail = FileTail(trailerOffset: UInt64(lastOffset), link: link)
    unsafe encoded.withUnsafeMutableBytes { unsafe tail.encode(into: $0) }
    bytes += encoded
  }
}
