/// What is written comes back.

import CheckpointImage
import ImageSchema
import SystemCalls
import Testing

@Suite struct RoundTripTests {
  @Test(arguments: Compression.allCases)
  func everythingComesBack(_ compression: Compression) throws {
    let contents: [(ImagePageChunk, [UInt8])] = [
      (chunk(pages: 1, runs: [run(100, 0x1000_0000, pages: 1)]), noise(1)),
      (
        chunk(pages: 7, runs: [run(100, 0x2000_0000, pages: 4), run(101, 0x7fff_ffff_c000, pages: 3, first: 4)]),
        patterned(7)
      ),
      // One page for two tasks.
      (chunk(pages: 1, runs: [run(100, 0, pages: 1), run(101, 0x5000, pages: 1)]), patterned(1)),
      (chunk(pages: 513, runs: [run(100, 0x4000_0000, pages: 513)]), patterned(300) + noise(213)),
    ]
    let bytes = try sampleImage(compression, chunks: contents)
    var image = try ImageReader(descriptor: try memoryFile(bytes), name: "image").verify(decompressing: true)

    #expect(image.metadata.header == sampleHeader())
    #expect(image.metadata.processes == [sampleProcess(100), sampleZombie(101, parent: 100)])
    #expect(image.metadata.sharedObjects == sampleSharedObjects())
    #expect(image.metadata.trailer.pauseUs == 900)
    #expect(image.totals.pages == 522)
    #expect(image.totals.chunks == 4)
    #expect(image.totals.bytes == UInt64(bytes.count))
    // Noise is stored as it is; the rest shrinks.
    let stored: ClosedRange<UInt64> =
      compression == .none ? 522 * 4096...522 * 4096 : 214 * 4096 - 4096 * 213...(522 - 8) * 4096
    #expect(stored.contains(image.totals.storedBytes))

    for _ in 1...2 {
      var index = 0
      unsafe try image.forEachChunk { (chunk, pages) throws(Problem) in
        #expect(chunk.runs == contents[index].0.runs)
        #expect(unsafe same(pages, contents[index].1))
        index += 1
      }
      #expect(index == contents.count)
    }
  }

  @Test(arguments: Compression.allCases)
  func largestChunk(_ compression: Compression) throws {
    let pages = noise(1) + [UInt8](repeating: 7, count: (ImageLimits.chunkPages - 1) * 4096)
    let whole = chunk(
      pages: ImageLimits.chunkPages, runs: [run(100, 0x1000_0000, pages: ImageLimits.chunkPages)])
    let bytes = try sampleImage(compression, chunks: [(whole, pages)])
    var image = try ImageReader(descriptor: try memoryFile(bytes), name: "image").verify()
    var seen = 0
    unsafe try image.forEachChunk { (_, read) throws(Problem) in
      seen = read.count
      #expect(unsafe same(read, pages))
    }
    #expect(seen == pages.count)
  }

  @Test func noMemoryAtAll() throws {
    var image = try ImageReader(descriptor: try memoryFile(try sampleImage(chunks: [])), name: "image").verify()
    #expect(image.totals.pages == 0)
    unsafe try image.forEachChunk { (_, _) throws(Problem) in Issue.record("there is no chunk") }
  }

  @Test func metadataAndTrailerWithoutMemory() throws {
    var reader = try ImageReader(descriptor: try memoryFile(try sampleImage()), name: "image")
    #expect(reader.header.rootCommand == "simulate")
    #expect(try reader.readTrailer().pauseUs == 900)
    let metadata = try reader.readMetadata()
    #expect(metadata.processes.map(\.pid) == [100, 101])
    #expect(metadata.trailer.pages == 1)
    // Neither of them moves the reader.
    let image = try reader.verify()
    #expect(image.metadata.processes.count == 2)
  }

  @Test func manyProcesses() throws {
    let file = try memoryFile([])
    var writer = try ImageWriter(descriptor: file.number, name: "image")
    try writer.write(header: sampleHeader(tasks: 1000))
    for pid in 1...1000 { try writer.write(process: sampleProcess(Int32(pid), parent: Int32(pid / 2))) }
    try writer.write(sharedObjects: ImageSharedObjects())
    let totals = try writer.finish(pauseMicroseconds: 0)
    #expect(totals.processes == 1000)
    let image = try ImageReader(descriptor: file, name: "image").verify()
    #expect(image.metadata.processes.last == sampleProcess(1000, parent: 500))
  }

  @Test func progressEndsVerification() throws {
    let chunks = (0..<5).map { (chunk(pages: 1, runs: [run(100, UInt64($0) * 4096, pages: 1)]), noise(1)) }
    let bytes = try sampleImage(chunks: chunks)
    var calls = 0
    do throws(Problem) {
      let image = try ImageReader(descriptor: try memoryFileProblem(bytes), name: "image").verify {
        (done, total) throws(Problem) in
        calls += 1
        #expect(done < total)
        #expect(total == UInt64(bytes.count))
        if calls == 3 { throw Errno.canceled.problem("verifying") }
      }
      _ = image
      Issue.record("not ended")
    } catch {
      #expect(error.errno == .canceled)
    }
    #expect(calls == 3)
  }

  private func memoryFileProblem(_ bytes: [UInt8]) throws(Problem) -> OwnedDescriptor {
    do { return try memoryFile(bytes) } catch { throw Errno.ioError.problem("making a file") }
  }
}

/// What would make an image that no reader takes.
@Suite struct WriterRefusalTests {
  private func refused(_ body: (inout ImageWriter) throws -> Void) throws -> String {
    let file = try memoryFile([])
    var writer = try ImageWriter(descriptor: file.number, name: "image")
    do {
      try body(&writer)
    } catch let problem as Problem {
      return problem.why
    }
    return "not refused"
  }

  @Test func order() throws {
    #expect(try refused { try $0.write(process: sampleProcess(1)) }.contains("out of order"))
    #expect(
      try refused {
        try $0.write(header: sampleHeader())
        try $0.write(sharedObjects: sampleSharedObjects())
      }.contains("out of order"))
  }

  @Test func parentsFirstAndOnce() throws {
    #expect(
      try refused {
        try $0.write(header: sampleHeader())
        try $0.write(process: sampleProcess(5, parent: 4))
      }.contains("before its parent"))
    #expect(
      try refused {
        try $0.write(header: sampleHeader())
        try $0.write(process: sampleProcess(5))
        try $0.write(process: sampleProcess(5))
      }.contains("twice"))
  }

  @Test func countOfProcesses() throws {
    let file = try memoryFile([])
    var writer = try ImageWriter(descriptor: file.number, name: "image")
    try writer.write(header: sampleHeader(tasks: 3))
    try writer.write(process: sampleProcess(1))
    try writer.write(sharedObjects: sampleSharedObjects())
    do {
      _ = try writer.finish(pauseMicroseconds: 0)
      Issue.record("not refused")
    } catch {
      #expect(error.why == "1 processes where the header says 3")
    }
  }

  @Test(arguments: [
    (0, [], "0 pages"),
    (16385, [run(100, 0, pages: 1)], "16385 pages"),
    (1, [], "belong nowhere"),
    (1, [run(7, 0, pages: 1)], "process 7"),
    (1, [run(100, 0, pages: 2)], "a run of 2 pages"),
    (4, [run(100, 0, pages: 2, first: 3)], "from page 3"),
    (2, [run(100, 0, pages: 0)], "a run of 0 pages"),
    (1, [run(100, 1, pages: 1)], "address 0x1"),
    (1, [run(100, 0x7fff_ffff_f000, pages: 1)], "address 0x7ffffffff000"),
    (2, [run(100, 0x7fff_ffff_e000, pages: 2)], "address 0x7fffffffe000"),
    (2, [run(100, 0xffff_ffff_ffff_f000, pages: 2)], "address 0xfffffffffffff000"),
    (2, [run(100, 0, pages: 1, first: 4_294_967_295)], "from page 4294967295"),
  ])
  func chunks(_ pages: Int, _ runs: [ImagePageRun], _ expected: String) throws {
    let why = try refused {
      try writeSample(&$0, chunks: [])
      try write(chunk(pages: pages, runs: runs), [UInt8](repeating: 1, count: pages * 4096), to: &$0)
    }
    #expect(why.contains(expected), "\(why)")
  }
}
