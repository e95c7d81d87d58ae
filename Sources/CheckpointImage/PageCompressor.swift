/// Defines `PageCompressor` and `PageDecompressor`: LZ4 blocks and Zstandard frames, one a chunk.

internal import CLZ4
internal import CZstd

/// Compresses chunks into a buffer that is used again and again.
@safe struct PageCompressor: ~Copyable {
  private let compression: Compression
  private let context: OpaquePointer?
  private var scratch = RawBuffer()

  init(_ compression: Compression) {
    self.compression = compression
    unsafe context = compression == .zstd ? unsafe ZSTD_createCCtx() : nil
  }

  deinit { unsafe _ = ZSTD_freeCCtx(context) }

  /// The pages as they are to be stored, and the method: `.none` where compressing does not make them smaller.
  ///
  /// The bytes are valid until the next call.
  mutating func compress(_ pages: UnsafeRawBufferPointer) -> (UnsafeRawBufferPointer, Compression) {
    guard compression != .none, pages.count > 1, scratch.reserve(pages.count) else {
      return unsafe (pages, .none)
    }
    // With less room than the pages take, "does not fit" is the same as "does not shrink".
    let room = pages.count - 1
    let length =
      switch compression {
      case .none: 0
      case .lz4: unsafe lz4(pages, room: room)
      case .zstd: unsafe zstd(pages, room: room)
      }
    guard length > 0 else { return unsafe (pages, .none) }
    return unsafe (UnsafeRawBufferPointer(rebasing: scratch.bytes[..<length]), compression)
  }

  private func lz4(_ pages: UnsafeRawBufferPointer, room: Int) -> Int {
    let source = unsafe pages.baseAddress?.assumingMemoryBound(to: CChar.self)
    let target = unsafe scratch.bytes.baseAddress?.assumingMemoryBound(to: CChar.self)
    return Int(unsafe LZ4_compress_default(source, target, Int32(pages.count), Int32(room)))
  }

  /// Level 1: page data must not take longer to compress than to store.
  private func zstd(_ pages: UnsafeRawBufferPointer, room: Int) -> Int {
    let length = unsafe ZSTD_compressCCtx(context, scratch.bytes.baseAddress, room, pages.baseAddress, pages.count, 1)
    return ZSTD_isError(length) != 0 ? 0 : length
  }
}

/// Makes pages of stored chunks.
@safe struct PageDecompressor: ~Copyable {
  private let context: OpaquePointer?
  private var pages = RawBuffer()

  init() { unsafe context = unsafe ZSTD_createDCtx() }

  deinit { unsafe _ = ZSTD_freeDCtx(context) }

  /// The pages of a chunk; `nil` unless `stored` holds exactly `length` bytes. They are valid until the next call.
  mutating func decompress(
    _ stored: UnsafeRawBufferPointer, _ compression: Compression, length: Int
  ) -> UnsafeRawBufferPointer? {
    guard compression != .none else { return stored.count == length ? unsafe stored : nil }
    guard pages.reserve(length) else { return nil }
    let made =
      switch compression {
      case .none: stored.count
      case .lz4: unsafe lz4(stored, length: length)
      case .zstd: unsafe zstd(stored, length: length)
      }
    return made == length ? unsafe UnsafeRawBufferPointer(rebasing: pages.bytes[..<length]) : nil
  }

  private func lz4(_ stored: UnsafeRawBufferPointer, length: Int) -> Int {
    let source = unsafe stored.baseAddress?.assumingMemoryBound(to: CChar.self)
    let target = unsafe pages.bytes.baseAddress?.assumingMemoryBound(to: CChar.self)
    return Int(unsafe LZ4_decompress_safe(source, target, Int32(stored.count), Int32(length)))
  }

  private func zstd(_ stored: UnsafeRawBufferPointer, length: Int) -> Int {
    let made = unsafe ZSTD_decompressDCtx(
      context, pages.bytes.baseAddress, length, stored.baseAddress, stored.count)
    return ZSTD_isError(made) != 0 ? -1 : made
  }
}
