/// Measures reading and writing: `CRTOP_BENCHMARK=1 swift test -c release --filter Throughput`, on tmpfs if TMPDIR is.

import CLinux
import CheckpointImage
import ImageSchema
import SystemCalls
import Testing

@Suite(.serialized, .enabled(if: environment("CRTOP_BENCHMARK") != nil, "set CRTOP_BENCHMARK to measure"))
struct Throughput {
  private static let chunkPages = 1024

  /// 1 GiB in chunks of 4 MiB.
  @Test(arguments: Compression.allCases, [0, 50]) func memory(_ compression: Compression, _ noisy: Int) throws {
    let chunks = 256
    let scratch = try Scratch()
    let pages = noise(Self.chunkPages * noisy / 100) + patterned(Self.chunkPages * (100 - noisy) / 100)
    try #require(pages.count == Self.chunkPages * 4096)
    var destination = try ImageDestination(scratch.file("job.crtop"))
    let clock = ContinuousClock()
    var stored: UInt64 = 0
    let written = try clock.measure {
      var writer = try destination.writer(compression: compression)
      try writeSample(&writer, chunks: [])
      for index in 0..<chunks {
        let address = UInt64(index * Self.chunkPages * 4096)
        try write(chunk(pages: Self.chunkPages, runs: [run(100, address, pages: Self.chunkPages)]), pages, to: &writer)
      }
      stored = try writer.finish(pauseMicroseconds: 0).bytes
    }
    let committed = try clock.measure { try destination.commit() }
    let verified = try clock.measure { _ = try ImageReader(path: scratch.file("job.crtop")).verify() }
    var image = try ImageReader(path: scratch.file("job.crtop")).verify()
    var sum = 0
    let read = try clock.measure {
      unsafe try image.forEachChunk { (_, pages) throws(Problem) in sum += pages.count }
    }
    #expect(sum == chunks * pages.count)
    print(
      "\(compression), \(noisy)% noise, \(stored >> 20) MiB: write \(written), commit \(committed), verify \(verified),",
      "read \(read)")
  }

  @Test func small() throws {
    let scratch = try Scratch()
    let clock = ContinuousClock()
    let processes = (1...20).map { sampleProcess(Int32($0)) }
    for _ in 1...5 {
      var destination = try ImageDestination(scratch.file("job.crtop"))
      let written = try clock.measure {
        var writer = try destination.writer()
        try writer.write(header: sampleHeader(tasks: processes.count))
        for process in processes { try writer.write(process: process) }
        try writer.write(sharedObjects: sampleSharedObjects())
        _ = try writer.finish(pauseMicroseconds: 0)
      }
      print("20 processes: write \(written), commit \(try clock.measure { try destination.commit() })")
    }
  }

  @Test func decoding() throws {
    let scratch = try Scratch()
    let clock = ContinuousClock()
    var destination = try ImageDestination(scratch.file("job.crtop"))
    var writer = try destination.writer()
    try writer.write(header: sampleHeader(tasks: 1000))
    for pid in 1...1000 {
      var process = sampleProcess(Int32(pid))
      process.threads[0].extendedState.append(contentsOf: [UInt8](repeating: 3, count: 2700))
      process.addressSpace.areas = (0..<60).map { index in
        var area = ImageArea()
        area.start = UInt64(index) << 30
        area.end = area.start + 4096
        area.protection = 5
        area.file = 7
        return area
      }
      process.descriptors = (0..<10 as Range<UInt32>).map { index in
        var descriptor = ImageDescriptor()
        descriptor.number = index
        descriptor.openFile = index
        return descriptor
      }
      try writer.write(process: process)
    }
    try writer.write(sharedObjects: sampleSharedObjects())
    let bytes = try writer.finish(pauseMicroseconds: 0).bytes
    try destination.commit()
    for _ in 1...3 {
      let time = try clock.measure {
        let image = try ImageReader(path: scratch.file("job.crtop")).verify()
        #expect(image.metadata.processes.count == 1000)
      }
      print("1000 processes, \(bytes >> 10) KiB: opened and verified in \(time)")
    }
  }
}
