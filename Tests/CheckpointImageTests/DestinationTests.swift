/// Nothing has the image's name before the image is whole.

import CLinux
import CheckpointImage
import Glibc
import ImageSchema
import SystemCalls
import Testing

@Suite struct DestinationTests {
  private func refusal(_ body: () throws -> Void) -> Problem? {
    do { try body() } catch let problem as Problem { return problem } catch {}
    return nil
  }

  /// The look before anything is written makes nothing, and says what the writing would say.
  @Test func aPlaceIsLookedAtBeforehand() throws {
    let scratch = try Scratch()
    let path = scratch.file("job.crtop")
    let fresh = try DestinationReport(path)
    #expect(!fresh.replacesImage && (fresh.freeBytes ?? 0) > 0 && scratch.names == [])
    try writeFile(path, try sampleImage(chunks: []))
    #expect(try DestinationReport(path).replacesImage)
    try writeFile(scratch.file("letter"), Array("Dear Sir".utf8))
    #expect(refusal { _ = try DestinationReport(scratch.file("letter")) }?.why.contains("is not an image") == true)
    #expect(refusal { _ = try DestinationReport(scratch.file("no/job.crtop")) }?.errno == .noSuchFileOrDirectory)
    #expect(refusal { _ = try DestinationReport(scratch.path) } != nil)
    #expect(refusal { _ = try DestinationReport("") } != nil)
    #expect(refusal { _ = try DestinationReport(scratch.file("letter/job.crtop")) }?.errno == .notDirectory)
  }

  /// With a file without a name, and with a hidden one.
  @Test(arguments: [false, true]) func nothingIsThereBeforeTheCommit(_ named: Bool) throws {
    let scratch = try Scratch()
    let path = scratch.file("job.crtop")
    var destination = try ImageDestination(path, named: named)
    var writer = try destination.writer(compression: .lz4)
    try writeSample(&writer)
    #expect(scratch.names.filter { !$0.hasPrefix(".crtop-partial-") } == [])
    #expect(scratch.names.count == (named ? 1 : 0))
    let totals = try writer.finish(pauseMicroseconds: 1)
    #expect(access(path) == false)
    try destination.commit()
    #expect(scratch.names == ["job.crtop"])
    var status = stat()
    _ = try systemCall { unsafe stat(path, &status) }
    #expect(status.st_mode & 0o7777 == 0o600)
    #expect(UInt64(status.st_size) == totals.bytes)
    let image = try ImageReader(path: path).verify()
    #expect(image.totals == totals)
  }

  @Test(arguments: [false, true]) func anOldImageStaysUntilTheCommit(_ named: Bool) throws {
    let scratch = try Scratch()
    let path = scratch.file("job.crtop")
    let old = try sampleImage(chunks: [])
    try writeFile(path, old)
    var destination = try ImageDestination(path, named: named)
    var writer = try destination.writer()
    try writeSample(&writer)
    _ = try writer.finish(pauseMicroseconds: 1)
    #expect(try readFile(path) == old)
    // Who reads the old one goes on reading it.
    let reader = try ImageReader(path: path)
    try destination.commit(rereadingDisk: true)
    #expect(scratch.names == ["job.crtop"])
    #expect(try reader.verify().totals.pages == 0)
    #expect(try ImageReader(path: path).verify().totals.pages == 1)
  }

  @Test(arguments: [false, true]) func nothingIsLeftWithoutACommit(_ named: Bool) throws {
    let scratch = try Scratch()
    do {
      let destination = try ImageDestination(scratch.file("job.crtop"), named: named)
      var writer = try destination.writer()
      try writeSample(&writer)
    }
    #expect(scratch.names == [])
  }

  @Test(arguments: [false, true]) func whatReadsBackWrongGetsNoName(_ named: Bool) throws {
    let scratch = try Scratch()
    let path = scratch.file("job.crtop")
    let old = try sampleImage(chunks: [])
    try writeFile(path, old)
    do {
      var destination = try ImageDestination(path, named: named)
      var writer = try destination.writer()
      try writeSample(&writer)
      _ = try writer.finish(pauseMicroseconds: 1)
      // The disk gets one bit wrong.
      _ = try systemCall {
        unsafe withUnsafeBytes(of: UInt8(0x55)) { unsafe pwrite(destination.descriptor, $0.baseAddress, 1, 2000) }
      }
      let found = try #require(refusal { try destination.commit() })
      #expect(found.what.contains("was not saved"))
    }
    #expect(try readFile(path) == old)
    #expect(scratch.names == ["job.crtop"])
  }

  @Test func anUnfinishedImageGetsNoName() throws {
    let scratch = try Scratch()
    do {
      var destination = try ImageDestination(scratch.file("job.crtop"))
      var writer = try destination.writer()
      try writeSample(&writer)
      #expect(refusal { try destination.commit() } != nil)
    }
    #expect(scratch.names == [])
  }

  @Test func whatIsNotReplaced() throws {
    let scratch = try Scratch()
    func refused(_ path: String) -> Problem? { refusal { _ = try ImageDestination(path) } }
    try writeFile(scratch.file("thesis.tex"), Array("\\begin{document}".utf8))
    #expect(refused(scratch.file("thesis.tex"))?.errno == .fileExists)
    #expect(refused(scratch.path)?.why == "it is a directory")
    #expect(refused(scratch.path + "/")?.why == "it is a directory")
    #expect(refused("")?.why == "it is a directory")
    #expect(refused("/dev/null")?.why == "it is a character device")
    #expect(refused(scratch.file("no/such/job.crtop"))?.errno == .noSuchFileOrDirectory)
    #expect(refused(scratch.file("no/such/job.crtop"))?.remedy == "make the directory first")
    #expect(refused(scratch.file(String(repeating: "x", count: 300)))?.errno == .fileNameTooLong)
    // As mktemp(1) makes them.
    try writeFile(scratch.file("empty"), [])
    #expect(refused(scratch.file("empty")) == nil)
  }

  @Test func aFileThatAppearsMeanwhileIsNotReplaced() throws {
    let scratch = try Scratch()
    let path = scratch.file("job.crtop")
    do {
      var destination = try ImageDestination(path)
      var writer = try destination.writer()
      try writeSample(&writer)
      _ = try writer.finish(pauseMicroseconds: 1)
      try writeFile(path, Array("precious".utf8))
      #expect(refusal { try destination.commit() }?.errno == .fileExists)
    }
    #expect(try readFile(path) == Array("precious".utf8))
    #expect(scratch.names == ["job.crtop"])
  }

  @Test func aLinkStaysALink() throws {
    let scratch = try Scratch()
    let path = scratch.file("job.crtop")
    try writeFile(path, try sampleImage(chunks: []))
    _ = try systemCall { unsafe symlink("job.crtop", scratch.file("latest")) }
    var destination = try ImageDestination(scratch.file("latest"))
    var writer = try destination.writer()
    try writeSample(&writer)
    _ = try writer.finish(pauseMicroseconds: 1)
    try destination.commit()
    #expect(try readLink(scratch.file("latest")) == "job.crtop")
    #expect(try ImageReader(path: path).verify().totals.pages == 1)
  }

  @Test func hiddenFilesOfTheDeadAreRemoved() throws {
    let scratch = try Scratch()
    let mine = try ImageDestination(scratch.file("job.crtop"), named: true)
    let living = scratch.names
    try writeFile(scratch.file(".crtop-partial-dead"), [1, 2, 3])
    try writeFile(scratch.file(".other"), [1])
    let other = try ImageDestination(scratch.file("other.crtop"))
    #expect(scratch.names == (living + [".other"]).sorted())
    _ = (mine.descriptor, other.descriptor)
  }

  @Test(.enabled(if: geteuid() == 0, "needs root")) func fullDisk() throws {
    let scratch = try Scratch()
    let disk = scratch.file("disk")
    _ = try systemCall { unsafe mkdir(disk, 0o700) }
    _ = try systemCall { unsafe mount("crtop-test", disk, "tmpfs", 0, "size=1m") }
    defer { unsafe _ = umount2(disk, Int32(MNT_DETACH)) }
    for named in [false, true] {
      let destination = try ImageDestination(disk + "/job.crtop", named: named)
      #expect(refusal { try destination.checkSpace(for: 64 << 10) } == nil)
      #expect(refusal { try destination.checkSpace(for: 2 << 20) }?.errno == .noSpace)
      var writer = try destination.writer()
      let found = refusal {
        try writeSample(&writer, chunks: [(chunk(pages: 512, runs: [run(100, 0, pages: 512)]), noise(512))])
      }
      #expect(found?.errno == .noSpace)
      #expect(found?.remedy.contains("--compress") == true)
    }
    #expect(try directoryEntries(disk) == [])
  }

  /// Also kills this program where SIGXFSZ is not held back.
  @Test func limitOnFileSize() throws {
    let scratch = try Scratch()
    var before = rlimit()
    _ = try systemCall { unsafe getrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &before) }
    // Far above what any other test writes.
    var limit = before
    limit.rlim_cur = 1 << 30
    _ = try systemCall { unsafe setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) }
    defer { unsafe _ = setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &before) }
    do {
      let destination = try ImageDestination(scratch.file("job.crtop"))
      #expect(refusal { try destination.checkSpace(for: 2 << 30) }?.errno == .fileTooLarge)
      _ = try systemCall { Int(lseek(destination.descriptor, (1 << 30) - 4096, SEEK_SET)) }
      var writer = try destination.writer()
      let found = refusal {
        try writeSample(&writer, chunks: [(chunk(pages: 512, runs: [run(100, 0, pages: 512)]), noise(512))])
      }
      #expect(found?.errno == .fileTooLarge)
    }
    #expect(scratch.names == [])
  }

  private func access(_ path: String) -> Bool { unsafe Glibc.access(path, F_OK) == 0 }
}
