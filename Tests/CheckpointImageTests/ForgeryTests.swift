/// An image with right checksums and wrong content is refused for its content.

import CheckpointImage
import ImageSchema
import SwiftProtobuf
import SystemCalls
import Testing

@Suite struct ForgeryTests {
  private func why(_ build: (inout ForgedImage) throws -> Void) throws -> String {
    var image = ForgedImage()
    try build(&image)
    return try problem(of: image.bytes)?.why ?? "accepted"
  }

  private func sum(_ bytes: [UInt8]) -> UInt64 { unsafe bytes.withUnsafeBytes { unsafe checksum(of: $0) } }

  @Test func aForgedImageCanBeRight() throws {
    let pages = noise(1)
    var described = chunk(pages: 1, runs: [run(100, 0, pages: 1)])
    described.checksum = sum(pages)
    #expect(
      try why {
        try $0.addTree()
        try $0.addChunk(described, pages)
        try $0.end(pages: 1, storedBytes: 4096)
      } == "accepted")
  }

  @Test func fileHead() throws {
    var newer = FileHead()
    newer.version = 2
    #expect(try problem(of: ForgedImage(newer).bytes)?.what.contains("newer format") == true)
    var machine = FileHead()
    machine.machine = 183
    #expect(try problem(of: ForgedImage(machine).bytes)?.why.contains("ELF machine 183") == true)
    var order = FileHead()
    order.byteOrder = 0x0403_0201
    #expect(try problem(of: ForgedImage(order).bytes)?.why.contains("byte order") == true)
  }

  @Test func orderOfSections() throws {
    #expect(try why { try $0.add(.process, sampleProcess(1)) }.contains("may not stand there"))
    #expect(
      try why {
        try $0.add(.header, sampleHeader())
        try $0.add(.header, sampleHeader())
      }.contains("may not stand there"))
    #expect(
      try why {
        try $0.addTree()
        $0.add(SectionType.pageData.rawValue, noise(1))
      }.contains("may not stand there"))
    #expect(
      try why {
        try $0.addTree()
        $0.add(77)
      }.contains("unknown type 77"))
  }

  @Test func lengthsAreBoundedBeforeAnythingIsRead() throws {
    let huge = UInt64.max
    #expect(try why { $0.add(1, length: huge) }.contains("the limit is"))
    #expect(
      try why {
        try $0.addTree()
        $0.add(4, length: 1 << 40)
      }.contains("the limit is"))
    // Within the limit, and beyond the file: nothing of that size is allocated.
    #expect(
      try why {
        try $0.add(.header, sampleHeader())
        $0.add(2, length: 512 << 20)
      }.contains("ends at offset"))
  }

  @Test func flagsAndUnknownFields() throws {
    #expect(try why { $0.add(1, flags: 1) }.contains("flags 0x1 are not known"))
    #expect(
      try why {
        try $0.addTree()
        try $0.addChunk(chunk(pages: 1, runs: [run(100, 0, pages: 1)]), flags: 3, noise(1))
      }.contains("flags 0x3 are not known"))
    // Field 500, a varint, in the header and in a thread of a process.
    let unknown: [UInt8] = [0xa0, 0x1f, 0x01]
    #expect(
      try why { $0.add(1, try sampleHeader().serializedBytes() + unknown) }.contains("does not know"))
    let thread: [UInt8] = [0x4a, 0x03] + unknown
    #expect(
      try why {
        try $0.add(.header, sampleHeader())
        $0.add(2, try sampleProcess(100).serializedBytes() + thread)
      }.contains("does not know"))
    #expect(try why { $0.add(1, [0xff, 0xff]) }.contains("cannot be decoded"))
  }

  @Test func treeAndNumbers() throws {
    #expect(
      try why {
        try $0.add(.header, sampleHeader())
        try $0.add(.process, sampleZombie(101, parent: 100))
      }.contains("before its parent"))
    #expect(
      try why {
        try $0.add(.header, sampleHeader(tasks: 9))
        try $0.add(.process, sampleProcess(100))
        try $0.add(.sharedObjects, sampleSharedObjects())
      }.contains("not 9"))
    for (pages, stored, sections) in [(1, 0, 4), (0, 1, 4), (0, 0, 5)] as [(UInt64, UInt64, UInt64)] {
      #expect(
        try why {
          try $0.addTree()
          try $0.end(pages: pages, storedBytes: stored, sections: sections)
        }.contains("its numbers are not"))
    }
    var large = sampleHeader()
    large.pageSize = 65536
    #expect(try why { try $0.add(.header, large) }.contains("65536"))
  }

  @Test func chunks() throws {
    func refused(_ chunk: ImagePageChunk, flags: UInt32 = 0, _ stored: [UInt8]) throws -> String {
      try why {
        try $0.addTree()
        try $0.addChunk(chunk, flags: flags, stored)
        try $0.end(pages: UInt64(chunk.pages), storedBytes: UInt64(stored.count))
      }
    }
    let good = run(100, 0, pages: 1)
    let pages = noise(1)
    #expect(try refused(chunk(pages: 1, runs: [run(100, 8, pages: 1)]), pages).contains("address 0x8"))
    #expect(try refused(chunk(pages: 1, runs: [run(9, 0, pages: 1)]), pages).contains("process 9"))
    #expect(try refused(chunk(pages: 2, runs: [good]), pages).contains("do not fit"))
    // The checksum of the pages is not theirs.
    #expect(try refused(chunk(pages: 1, runs: [good]), pages).contains("do not fit"))
    for method: UInt32 in [1, 2] {
      #expect(try refused(chunk(pages: 1, runs: [good]), flags: method, pages).contains("do not fit"))
      #expect(try refused(chunk(pages: 1, runs: [good]), flags: method, []).contains("do not fit"))
      #expect(
        try refused(chunk(pages: 1, runs: [good]), flags: method, [1, 2, 3]).contains("does not decompress"))
    }
  }

  @Test(arguments: [Compression.lz4, .zstd]) func compressedForMorePages(_ compression: Compression) throws {
    let described = chunk(pages: 4, runs: [run(100, 0, pages: 4)])
    let parts = SplitImage(try sampleImage(compression, chunks: [(described, patterned(4))]))
    let stored = Array(parts.sections[5][40...])
    let flag = UInt32(parts.sections[5][4])
    for pages in [3, 5] {
      #expect(
        try why {
          try $0.addTree()
          try $0.addChunk(chunk(pages: pages, runs: [run(100, 0, pages: 1)]), flags: flag, stored)
        }.contains("does not decompress"))
    }
    #expect(
      try why {
        try $0.addTree()
        try $0.addChunk(described, flags: flag, stored)
      }.contains("wrong checksum after decompression"))
  }
}
