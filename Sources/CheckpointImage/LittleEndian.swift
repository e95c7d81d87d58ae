/// Reads and writes fixed-width integers in raw bytes, in the image's byte order.

extension UnsafeRawBufferPointer {
  /// The integer at `offset`, wherever it is aligned. The caller has made sure that the bytes are there.
  func integer<T: FixedWidthInteger & BitwiseCopyable>(at offset: Int, as type: T.Type = T.self) -> T {
    precondition(offset >= 0 && offset + MemoryLayout<T>.size <= count)
    return T(littleEndian: unsafe loadUnaligned(fromByteOffset: offset, as: T.self))
  }
}

extension UnsafeMutableRawBufferPointer {
  /// Stores an integer at `offset`, wherever it is aligned.
  func store<T: FixedWidthInteger & BitwiseCopyable>(_ value: T, at offset: Int) {
    precondition(offset >= 0 && offset + MemoryLayout<T>.size <= count)
    unsafe storeBytes(of: value.littleEndian, toByteOffset: offset, as: T.self)
  }
}
