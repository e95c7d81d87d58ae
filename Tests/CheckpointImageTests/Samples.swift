/// Makes images for tests: contents with something in every kind of field, and whole files.

import CLinux
import CheckpointImage
import ImageSchema
import SystemCalls

func sampleHeader(tasks: Int = 2) -> ImageHeader {
  var header = ImageHeader()
  header.crtopVersion = "1.0"
  header.machine = "x86_64"
  header.hostName = "node7"
  header.cpuFeatures = ["fpu", "avx2"]
  header.pageSize = 4096
  header.rootPid = 100
  header.rootCommand = "simulate"
  header.tasks = UInt32(tasks)
  header.threads = UInt32(tasks)
  header.zombies = 1
  header.realTimeNs = 1_262_304_000_000_000_000
  return header
}

func sampleProcess(_ pid: Int32, parent: Int32 = 0) -> ImageProcess {
  var process = ImageProcess()
  process.pid = pid
  process.ppid = parent
  process.comm = "task\(pid)"
  var thread = ImageThread()
  thread.tid = pid
  thread.registers.append(contentsOf: (0..<216).map { UInt8(truncatingIfNeeded: Int($0) &* 7 &+ Int(pid)) })
  process.threads = [thread]
  var area = ImageArea()
  area.start = 0x1000_0000
  area.end = 0x1000_4000
  process.addressSpace.areas = [area]
  return process
}

func sampleZombie(_ pid: Int32, parent: Int32) -> ImageProcess {
  var process = ImageProcess()
  process.pid = pid
  process.ppid = parent
  process.comm = "gone"
  process.state = .zombie
  process.exitCode = 33280
  return process
}

func sampleSharedObjects() -> ImageSharedObjects {
  var file = ImageSharedFile()
  file.id = 1
  file.path = "/usr/bin/simulate"
  var objects = ImageSharedObjects()
  objects.files = [file]
  return objects
}

func run(_ pid: Int32, _ address: UInt64, pages: Int, first: Int = 0) -> ImagePageRun {
  var run = ImagePageRun()
  run.pid = pid
  run.address = address
  run.pages = UInt32(pages)
  run.first = UInt32(first)
  return run
}

func chunk(pages: Int, runs: [ImagePageRun]) -> ImagePageChunk {
  var chunk = ImagePageChunk()
  chunk.pages = UInt32(pages)
  chunk.runs = runs
  return chunk
}

/// Pages that compress well, each different from the others.
func patterned(_ pages: Int) -> [UInt8] {
  (0..<pages).flatMap { page in [UInt8](repeating: UInt8(truncatingIfNeeded: page &+ 1), count: 4096) }
}

/// Pages that do not compress (xorshift64).
func noise(_ pages: Int, seed: UInt64 = 88_172_645_463_325_252) -> [UInt8] {
  var state = seed
  var bytes: [UInt8] = []
  bytes.reserveCapacity(pages * 4096)
  for _ in 0..<pages * 512 {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    for shift in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: state >> UInt64(8 * shift))) }
  }
  return bytes
}

func write(_ chunk: ImagePageChunk, _ pages: [UInt8], to writer: inout ImageWriter) throws {
  try unsafe pages.withUnsafeBytes { bytes in unsafe try writer.write(chunk: chunk, pages: bytes) }
}

/// The bytes of an image of two processes with these chunks.
func sampleImage(
  _ compression: Compression = .none, chunks: [(ImagePageChunk, [UInt8])]? = nil
) throws -> [UInt8] {
  let file = try memoryFile([])
  var writer = try ImageWriter(descriptor: file.number, name: "sample", compression: compression)
  try writeSample(&writer, chunks: chunks)
  let totals = try writer.finish(pauseMicroseconds: 900)
  _ = try systemCall { Int(lseek(file.number, 0, SEEK_SET)) }
  let bytes = try readAll(file.number)
  guard totals.bytes == UInt64(bytes.count) else { throw Errno.invalidArgument }
  return bytes
}

/// Everything of a sample image but its end.
func writeSample(_ writer: inout ImageWriter, chunks: [(ImagePageChunk, [UInt8])]? = nil) throws {
  try writer.write(header: sampleHeader())
  try writer.write(process: sampleProcess(100))
  try writer.write(process: sampleZombie(101, parent: 100))
  try writer.write(sharedObjects: sampleSharedObjects())
  for (chunk, pages) in chunks ?? [(chunk(pages: 1, runs: [run(100, 0x1000_0000, pages: 1)]), noise(1))] {
    try write(chunk, pages, to: &writer)
  }
}

/// Verifies an image in memory; what is wrong with it, `nil`: nothing.
func problem(of bytes: [UInt8], decompressing: Bool = true) throws -> Problem? {
  let file = try memoryFile(bytes)
  do throws(Problem) {
    let image = try ImageReader(descriptor: file, name: "image").verify(decompressing: decompressing)
    _ = image
    return nil
  } catch {
    return error
  }
}
