/// A damaged image is refused, wherever the damage is.

import CLinux
import CheckpointImage
import ImageSchema
import SystemCalls
import Testing

/// An image with all kinds of sections, compressed and not, and as small as it can be: a page of noise is stored.
private func smallImages() throws -> [[UInt8]] {
  let noisy = (chunk(pages: 1, runs: [run(100, 0x1000_0000, pages: 1)]), noise(1))
  let plain = (chunk(pages: 2, runs: [run(100, 0x2000_0000, pages: 2)]), patterned(2))
  return [
    try sampleImage(.none, chunks: [noisy]), try sampleImage(.lz4, chunks: [plain]),
    try sampleImage(.zstd, chunks: [plain]),
  ]
}

@Suite struct DamageTests {
  @Test(arguments: 0..<3) func everyFlippedByte(_ kind: Int) throws {
    let whole = try smallImages()[kind]
    try #require(try problem(of: whole) == nil)
    let file = try memoryFile(whole)
    for offset in whole.indices {
      // One bit and all bits.
      for mask: UInt8 in [1 << UInt8(offset % 8), 0xff] {
        try patch(file.number, offset, whole[offset] ^ mask)
        do throws(Problem) {
          let image = try ImageReader(descriptor: try copied(file), name: "image").verify()
          _ = image
          Issue.record("byte \(offset) of \(whole.count) flipped by \(mask), not noticed")
        } catch {
          #expect(!error.what.isEmpty && !error.why.isEmpty && !error.remedy.isEmpty)
        }
        try patch(file.number, offset, whole[offset])
      }
    }
    #expect(try problem(of: whole) == nil)
  }

  @Test(arguments: 0..<3) func everyTruncation(_ kind: Int) throws {
    let whole = try smallImages()[kind]
    let file = try memoryFile(whole)
    for length in (0..<whole.count).reversed() {
      _ = try systemCall { ftruncate(file.number, length) }
      do throws(Problem) {
        let image = try ImageReader(descriptor: try copied(file), name: "image").verify()
        _ = image
        Issue.record("cut to \(length) of \(whole.count), not noticed")
      } catch {
        #expect(length == 0 ? error.why == "it is empty" : error.why.contains("ends at offset \(length) in"))
      }
    }
  }

  @Test(arguments: [1, 24, 4096]) func appendedBytes(_ count: Int) throws {
    let found = try #require(try problem(of: try sampleImage() + [UInt8](repeating: 0, count: count)))
    #expect(found.why.contains("\(count) bytes follow its end"))
  }

  @Test func anImageAfterAnImage() throws {
    #expect(try problem(of: try sampleImage() + sampleImage())?.why.contains("follow its end") == true)
  }

  /// With the heads' checksums as they were, the chain is broken.
  @Test func sectionsRemovedRepeatedExchanged() throws {
    let whole = try sampleImage(chunks: [
      (chunk(pages: 1, runs: [run(100, 0, pages: 1)]), noise(1)),
      (chunk(pages: 1, runs: [run(100, 4096, pages: 1)]), noise(1, seed: 99)),
    ])
    let parts = SplitImage(whole)
    try #require(parts.sections.count == 9)
    try #require(parts.bytes == whole)
    for index in parts.sections.indices {
      var removed = parts
      removed.sections.remove(at: index)
      #expect(try problem(of: removed.bytes) != nil, "section \(index) removed")
      var repeated = parts
      repeated.sections.insert(parts.sections[index], at: index)
      #expect(try problem(of: repeated.bytes) != nil, "section \(index) repeated")
      for other in parts.sections.indices where other > index {
        var exchanged = parts
        exchanged.sections.swapAt(index, other)
        #expect(try problem(of: exchanged.bytes) != nil, "sections \(index) and \(other) exchanged")
      }
    }
    // A whole chunk taken out or doubled.
    var shorter = parts
    shorter.sections.removeSubrange(4...5)
    #expect(try problem(of: shorter.bytes)?.why.contains("removed, repeated or exchanged") == true)
    var longer = parts
    longer.sections.insert(contentsOf: parts.sections[4...5], at: 6)
    #expect(try problem(of: longer.bytes)?.why.contains("removed, repeated or exchanged") == true)
  }

  @Test func aChunkOfAnotherImage() throws {
    var one = SplitImage(try sampleImage())
    let other = SplitImage(
      try sampleImage(chunks: [(chunk(pages: 1, runs: [run(101, 4096, pages: 1)]), noise(1, seed: 7))]))
    one.sections.replaceSubrange(4...5, with: other.sections[4...5])
    #expect(try problem(of: one.bytes) != nil)
  }

  private func patch(_ descriptor: Int32, _ offset: Int, _ byte: UInt8) throws {
    _ = try systemCall { unsafe withUnsafeBytes(of: byte) { unsafe pwrite(descriptor, $0.baseAddress, 1, offset) } }
  }

  private func copied(_ file: borrowing OwnedDescriptor) throws(Problem) -> OwnedDescriptor {
    do throws(Errno) { return try .duplicating(file.number) } catch { throw error.problem("dup") }
  }
}
