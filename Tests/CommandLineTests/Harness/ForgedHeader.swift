/// Writes an image anew with another header, as another machine would have made it.

import CheckpointImage
import ImageSchema
import SwiftProtobuf
import SystemCalls
import TestSupport

/// Takes the image apart at its section heads, changes the header, and makes all checksums right again.
func forgeHeader(of path: String, to target: String, _ change: (inout ImageHeader) throws -> Void) throws {
  let bytes = try readBytes(path)
  var forged = [UInt8](repeating: 0, count: FileHead.size)
  var link = unsafe forged.withUnsafeMutableBytes { unsafe FileHead().encode(into: $0) }
  var offset = FileHead.size
  var lastOffset = 0
  while offset < bytes.count - FileTail.size {
    let stored = unsafe bytes[offset..<offset + SectionHead.size].withUnsafeBytes { unsafe SectionHead($0) }
    guard let stored, let type = SectionType(rawValue: stored.type) else {
      throw TestFailure("no section at \(offset)")
    }
    offset += SectionHead.size
    var content = Array(bytes[offset..<offset + Int(stored.length)])
    offset += content.count
    if type == .header {
      var header = try ImageHeader(serializedBytes: content)
      try change(&header)
      content = try header.serializedBytes()
    }
    let sum = unsafe content.withUnsafeBytes { unsafe imageChecksum(of: $0) }
    let head = SectionHead(
      type: type, flags: stored.flags, length: UInt64(content.count), content: sum, link: link)
    var encoded = [UInt8](repeating: 0, count: SectionHead.size)
    link = unsafe encoded.withUnsafeMutableBytes { unsafe head.encode(into: $0) }
    lastOffset = forged.count
    forged += encoded + content
  }
  var encoded = [UInt8](repeating: 0, count: FileTail.size)
  unsafe encoded.withUnsafeMutableBytes {
    unsafe FileTail(trailerOffset: UInt64(lastOffset), link: link).encode(into: $0)
  }
  try writeFile(target, forged + encoded, mode: 0o600)
}
