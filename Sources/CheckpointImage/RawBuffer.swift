/// Defines `RawBuffer`, page-aligned memory that grows and is freed with its owner.

internal import Glibc

/// Memory for transfers. Growing keeps nothing of the old content unless asked to.
@safe struct RawBuffer: ~Copyable {
  /// All of it; valid until it grows or goes.
  @unsafe private(set) var bytes = unsafe UnsafeMutableRawBufferPointer(start: nil, count: 0)

  deinit { unsafe free(bytes.baseAddress) }

  /// Makes room for at least `count` bytes; the first `kept` bytes stay what they are. `false`: there is no memory.
  mutating func reserve(_ count: Int, keeping kept: Int = 0) -> Bool {
    guard unsafe count > bytes.count else { return true }
    let size = (count + 4095) & ~4095
    var start: UnsafeMutableRawPointer?
    guard unsafe posix_memalign(&start, 4096, size) == 0, let start = unsafe start else { return false }
    let grown = unsafe UnsafeMutableRawBufferPointer(start: start, count: size)
    if kept > 0 { unsafe grown.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[..<kept])) }
    unsafe free(bytes.baseAddress)
    unsafe bytes = unsafe grown
    return true
  }
}
