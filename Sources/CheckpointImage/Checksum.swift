/// XXH3-64, the image's checksum: at once, or piece by piece. It finds accidents, not malice.

internal import CXXHash

/// The XXH3-64 of `bytes`, without seed.
package func checksum(of bytes: UnsafeRawBufferPointer) -> UInt64 { unsafe XXH3_64bits(bytes.baseAddress, bytes.count) }

/// The image format's checksum, for callers that compare bytes with those of an image.
package func imageChecksum(of bytes: UnsafeRawBufferPointer) -> UInt64 { unsafe checksum(of: bytes) }

/// The XXH3-64 of bytes that come piece by piece.
@safe struct RunningChecksum: ~Copyable {
  private let state: OpaquePointer?

  init() {
    unsafe state = unsafe XXH3_createState()
    unsafe _ = XXH3_64bits_reset(state)
  }

  deinit { unsafe _ = XXH3_freeState(state) }

  mutating func reset() { unsafe _ = XXH3_64bits_reset(state) }

  mutating func update(_ bytes: UnsafeRawBufferPointer) {
    unsafe _ = XXH3_64bits_update(state, bytes.baseAddress, bytes.count)
  }

  var value: UInt64 { unsafe XXH3_64bits_digest(state) }
}
