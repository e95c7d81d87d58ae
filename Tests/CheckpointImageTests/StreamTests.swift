/// An image goes through a pipe.

import CLinux
import CheckpointImage
import Glibc
import SystemCalls
import Testing

@Suite struct StreamTests {
  private func refusal(_ body: () throws -> Void) -> Problem? {
    do { try body() } catch let problem as Problem { return problem } catch {}
    return nil
  }

  @Test func throughAPipe() async throws {
    let scratch = try Scratch()
    let ends = try makePipe()
    let pages = noise(300)
    // More than a pipe holds, so that both ends work at the same time.
    async let written: UInt64 = writeStream(ends[1], pages)
    let reader = try ImageReader(stream: ends[0], name: "pipe", directories: [scratch.file("none"), scratch.path])
    #expect(scratch.names == [])
    var image = try reader.verify()
    #expect(try await written == image.totals.bytes)
    unsafe try image.forEachChunk { (_, read) throws(Problem) in #expect(unsafe same(read, pages)) }
    close(ends[0])
  }

  private func writeStream(_ end: Int32, _ pages: [UInt8]) throws -> UInt64 {
    defer { close(end) }
    var destination = try ImageDestination(stream: end, name: "pipe")
    var writer = try destination.writer()
    try writeSample(&writer, chunks: [(chunk(pages: 300, runs: [run(100, 0, pages: 300)]), pages)])
    let totals = try writer.finish(pauseMicroseconds: 5)
    try destination.commit()
    return totals.bytes
  }

  /// Also kills this program where SIGPIPE is not held back.
  @Test func theReaderGoes() throws {
    let ends = try makePipe()
    close(ends[0])
    defer { close(ends[1]) }
    let destination = try ImageDestination(stream: ends[1], name: "pipe")
    var writer = try destination.writer()
    try writeSample(&writer)
    let found: Problem?
    do {
      _ = try writer.finish(pauseMicroseconds: 5)
      found = nil
    } catch {
      found = error
    }
    #expect(found?.errno == .brokenPipe)
  }

  @Test func fullDevice() throws {
    let full = try OwnedDescriptor.open("/dev/full", O_WRONLY)
    let destination = try ImageDestination(stream: full.number, name: "standard output")
    var writer = try destination.writer()
    try writeSample(&writer)
    do {
      _ = try writer.finish(pauseMicroseconds: 5)
      Issue.record("/dev/full is not full")
    } catch {
      #expect(error.errno == .noSpace)
    }
  }

  @Test(arguments: [[], Array("GIF89a".utf8), [0x89, 0x43]] as [[UInt8]])
  func notAnImage(_ bytes: [UInt8]) throws {
    let scratch = try Scratch()
    let ends = try makePipe()
    try writeAll(ends[1], bytes)
    // What is foreign is refused at its first bytes, while the writer is still there.
    let foreign = bytes.first == 0x47
    if !foreign { close(ends[1]) }
    let found = refusal { _ = try ImageReader(stream: ends[0], name: "pipe", directories: [scratch.path]) }
    #expect(found?.what.hasPrefix("pipe is") == true)
    if foreign { close(ends[1]) }
    close(ends[0])
    #expect(scratch.names == [])
  }

  @Test func terminals() throws {
    let master = try OwnedDescriptor.open("/dev/ptmx", O_RDWR | O_NOCTTY)
    let terminal = master.number
    #expect(refusal { _ = try ImageDestination(stream: terminal, name: "standard output") }?.why == "it is a terminal")
    #expect(
      refusal { _ = try ImageReader(stream: terminal, name: "standard input", directories: []) }?.why
        == "it is a terminal")
  }

  @Test func nowhereToKeepIt() throws {
    let ends = try makePipe()
    close(ends[1])
    defer { close(ends[0]) }
    let found = refusal { _ = try ImageReader(stream: ends[0], name: "pipe", directories: ["/nonexistent"]) }
    #expect(found?.errno == .noSuchFileOrDirectory)
    #expect(found?.remedy.contains("TMPDIR") == true)
  }
}
