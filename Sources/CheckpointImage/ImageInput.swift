/// Defines `ImageInput`, buffered reading in sequence from a file of known size.

internal import CLinux
internal import SystemCalls

/// A cursor over an image file. Everything it returns is valid until its next call.
struct ImageInput: ~Copyable {
  /// Small reads fetch this much; larger ones fetch what they want, straight into place.
  private static let readAhead = 256 << 10

  private let descriptor: OwnedDescriptor
  /// For messages.
  let name: String
  /// Bytes of the file when it was opened; what comes later is not the image.
  let size: UInt64
  /// Offset of the next byte in the file.
  private(set) var offset: UInt64 = 0
  private var buffer = RawBuffer()
  private var start = 0
  private var end = 0

  init(_ descriptor: consuming OwnedDescriptor, size: UInt64, name: String) {
    self.descriptor = descriptor
    self.size = size
    self.name = name
  }

  /// Bytes from the cursor to the end of the file.
  var remaining: UInt64 { size - offset }

  /// Moves the cursor, within the file.
  mutating func move(to offset: UInt64) {
    self.offset = min(offset, size)
    start = 0
    end = 0
  }

  /// The next `count` bytes. The caller has bounded `count`.
  ///
  /// - Parameter place: what they belong to, for the message when the file ends before.
  mutating func read(_ count: Int, of place: @autoclosure () -> String) throws(Problem) -> UnsafeRawBufferPointer {
    guard UInt64(count) <= remaining else {
      throw fault(.truncated(size: size, place: place(), needed: offset + UInt64(count)))
    }
    if end - start < count { try fill(count, place()) }
    let bytes = unsafe UnsafeRawBufferPointer(rebasing: buffer.bytes[start..<start + count])
    start += count
    offset += UInt64(count)
    return unsafe bytes
  }

  /// At least one and at most `count` of the next bytes, as they come best. The caller has bounded `count`.
  mutating func readSome(_ count: Int, of place: @autoclosure () -> String) throws(Problem) -> UnsafeRawBufferPointer {
    let ready = end - start
    return unsafe try read(min(count, ready > 0 ? ready : Self.readAhead), of: place())
  }

  /// Gets at least `count` bytes into the buffer, from the cursor on.
  private mutating func fill(_ count: Int, _ place: String) throws(Problem) {
    let wanted = Int(min(UInt64(max(count, Self.readAhead)), remaining))
    let ready = end - start
    if ready > 0 && start > 0 {
      unsafe buffer.bytes.copyMemory(from: UnsafeRawBufferPointer(rebasing: buffer.bytes[start..<end]))
    }
    (start, end) = (0, ready)
    guard buffer.reserve(wanted, keeping: ready) else { throw fault(.noMemory(bytes: wanted)) }
    while end < wanted {
      let position = offset + UInt64(end)
      do throws(Errno) {
        let got = try systemCall {
          unsafe pread(descriptor.number, buffer.bytes.baseAddress?.advanced(by: end), wanted - end, off_t(position))
        }
        if got > 0 {
          end += got
          continue
        }
      } catch {
        throw fault(.notRead(error, offset: position))
      }
      // It was longer when it was opened.
      throw fault(.truncated(size: position, place: place, needed: offset + UInt64(count)))
    }
  }

  /// A fault of this file in words.
  func fault(_ fault: ImageFault) -> Problem { fault.problem(name) }
}
