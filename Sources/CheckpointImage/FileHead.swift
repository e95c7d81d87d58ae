/// Defines `FileHead` and `FileTail`, the fixed bytes at both ends of an image.

/// The first 24 bytes. Their layout is the same in all format versions.
struct FileHead {
  static let size = 24
  /// As in PNG: a byte that is not ASCII and both line ends, so that a transfer in text mode shows.
  static let magic: [UInt8] = [0x89, 0x43, 0x52, 0x54, 0x4f, 0x50, 0x0d, 0x0a]  // "\x89CRTOP\r\n"
  static let currentVersion: UInt16 = 1
  /// ELF's number of the architecture.
  static let x86_64: UInt16 = 62
  /// Stored in the byte order of the job's registers and memory.
  static let byteOrderMark: UInt32 = 0x0102_0304

  var version = currentVersion
  var machine = x86_64
  var byteOrder = byteOrderMark
  /// What the bytes say, and what they should say.
  private(set) var storedChecksum: UInt64 = 0
  private(set) var isIntact = true

  init() {}

  /// Takes apart `size` bytes; `nil` if they do not begin with the magic bytes.
  init?(_ bytes: UnsafeRawBufferPointer) {
    guard unsafe Self.beginsWithMagic(bytes) else { return nil }
    version = unsafe bytes.integer(at: 8)
    machine = unsafe bytes.integer(at: 10)
    byteOrder = unsafe bytes.integer(at: 12)
    storedChecksum = unsafe bytes.integer(at: 16)
    isIntact = unsafe storedChecksum == checksum(of: UnsafeRawBufferPointer(rebasing: bytes[..<16]))
  }

  static func beginsWithMagic(_ bytes: UnsafeRawBufferPointer) -> Bool { unsafe bytes.starts(with: magic) }

  /// Stores `size` bytes; returns their checksum, which the first section links to.
  func encode(into bytes: UnsafeMutableRawBufferPointer) -> UInt64 {
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
struct FileTail: Equatable {
  static let size = 24

  /// Where the trailer's section head begins.
  var trailerOffset: UInt64
  /// The checksum of the trailer's section head.
  var link: UInt64

  init(trailerOffset: UInt64, link: UInt64) {
    self.trailerOffset = trailerOffset
    self.link = link
  }

  /// Takes apart `size` bytes; `nil` if their checksum is wrong.
  init?(_ bytes: UnsafeRawBufferPointer) {
    guard unsafe bytes.integer(at: 16) == checksum(of: UnsafeRawBufferPointer(rebasing: bytes[..<16])) else {
      return nil
    }
    trailerOffset = unsafe bytes.integer(at: 0)
    link = unsafe bytes.integer(at: 8)
  }

  func encode(into bytes: UnsafeMutableRawBufferPointer) {
    unsafe bytes.store(trailerOffset, at: 0)
    unsafe bytes.store(link, at: 8)
    unsafe bytes.store(checksum(of: UnsafeRawBufferPointer(rebasing: bytes[..<16])), at: 16)
  }
}
