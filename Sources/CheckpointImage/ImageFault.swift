/// Defines `ImageFault`: everything that can be wrong with an image, without the words for it.

internal import SystemCalls

/// Where in an image something is.
struct SectionPlace: CustomStringConvertible {
  /// Counts from 0.
  var index: UInt64
  /// Offset of the section's head in the file.
  var offset: UInt64
  /// `nil` while it is not known.
  var type: UInt32?

  var description: String {
    guard let type else { return "section \(index) at offset \(offset)" }
    return "section \(index) (\(SectionType(rawValue: type)?.name ?? "unknown type \(type)")) at offset \(offset)"
  }
}

/// A reason why a file is refused as an image.
enum ImageFault {
  // The file as a whole.
  case notOpened(Errno)
  case notRegular(kind: String)
  case foreignOwner(user: UInt32)
  case writableByOthers(mode: UInt32)
  case empty
  case foreign
  case fileHeadDamaged
  case newerFormat(UInt16)
  case otherMachine(String)
  case truncated(size: UInt64, place: String, needed: UInt64)
  case tailDamaged(offset: UInt64)
  case trailingBytes(count: UInt64, offset: UInt64)
  case notRead(Errno, offset: UInt64)
  case noMemory(bytes: Int)
  // One section.
  case headDamaged(SectionPlace)
  case contentDamaged(SectionPlace)
  case brokenChain(SectionPlace)
  case outOfOrder(SectionPlace)
  case tooLong(SectionPlace, length: UInt64, limit: UInt64)
  case undecodable(SectionPlace, String)
  case inconsistent(SectionPlace, String)
}
