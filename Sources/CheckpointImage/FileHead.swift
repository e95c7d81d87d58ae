/// Defines `FileHead` and `FileTail`, the fixed bytes at both ends of an image.

/// The first 24 bytes. Their layout is the same in all format versions.
package struct FileHead {
  package static let size = 24
  /// As in PNG: a byte that is not ASCII and both line ends, so that a transfer in text mode shows.
  package static let magic: [UInt8] = [0x89, 0x43, 0x52, 0x54, 0x4f, 0x50, 0x0d, 0x0a]  // "\x89CRTOP\r\n"
  package static let currentVersion: UInt16 = 1
  /// ELF's number of the architecture.
  package static let x86_64: UInt16 = 62
  /// Stored in the byte order of the job's registers and memory.
  package static let byteOrderMark: UInt32 = 0x0102_0304

  package var version = currentVersion
  package var machine = x86_64
  package var byteOrder = byteOrderMark
  /// What the bytes say, and what they should say.
  package private(set) var storedChecksum: UInt64 = 0
  package private(set) var isIntact = true

  package init() {}

  /// Takes apart `size` bytes; `nil` if they do not begin with the magic bytes.
  package init?(_ bytes: UnsafeRawBufferPointer) {
    guard unsafe Self.beginsWithMagic(bytes) else { return nil }
    version = unsafe bytes.integer(at: 8)
    machine = unsafe bytes.integer(at: 10)
    byteOrder = unsafe bytes.integer(at: 12)
    storedChecksum = unsafe bytes.integer(at: 16)
    isIntact = unsafe storedChecksum == checksum(of: UnsafeRawBufferPointer(rebasing: bytes[..<16]))
  }

  package static func beginsWithMagic(_ bytes: UnsafeRawBufferPointer) -> Bool { unsafe bytes.starts(with: magic) }

  /// Stores `size` bytes; returns their checksum, which the first section links to.
  package func encode(into bytes: UnsafeMutableRawBufferPointer) -> UInt64 {
    unsafe bytes.copyBytes(from: Self.magic)
    unsafe bytes.store(version, at: 8)
    unsafe bytes.store(machine, at: 10)
    unsafe bytes.store(byteOrder, at: 12)
    let sum = unsafe checksum(of: UnsafeRawBufferPointer(rebasing: bytes[..<16]))
    unsafe bytes.store(sum, at: 16)
    return sum
  }
}

/// The last 24 bytes: they find the trailer without a walk through the file.
package struct FileTail: Equatable {
  package static let size = 24

  /// Where the trailer's section head begins.
  package var trailerOffset: UInt64
  /// The checksum of the trailer's section head.
  package var link: UInt64

  package init(trailerOffset: UInt64, link: UInt64) {
    self.trailerOffset = trailerOffset
    self.link = link
  }

  /// Takes apart `size` bytes; `nil` if their checksum is wrong.
  package init?(_ bytes: UnsafeRawBufferPointer) {
    guard unsafe bytes.integer(at: 16) == checksum(of: UnsafeRawBufferPointer(rebasing: bytes[..<16])) else {
      return nil
    }
    trailerOffset = unsafe bytes.integer(at: 0)
    link = unsafe bytes.integer(at: 8)
  }

  package func encode(into bytes: UnsafeMutableRawBufferPointer) {
    unsafe bytes.store(trailerOffset, at: 0)
    unsafe bytes.store(link, at: 8)
    unsafe bytes.store(checksum(of: UnsafeRawBufferPointer(rebasing: bytes[..<16])), at: 16)
  }
}
