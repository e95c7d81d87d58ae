import CLinux
import CheckpointImage
import Glibc
import SystemCalls
import TestSupport
import Testing
import TerminalUI

@Suite struct VerificationMemoryTests {
  /// A directory with an image `a` and a memory in `state`.
  private func prepared() throws -> (sandbox: Sandbox, memory: VerificationFile, image: String, identity: FileIdentity)
  {
    let sandbox = try Sandbox()
    let image = sandbox["a b.crtop"]
    try writeFile(image, "image")
    return (sandbox, VerificationFile(below: [sandbox["state"]]), image, try FileIdentity(path: image))
  }

  @Test func itIsKeptInAFileOfTheUser() throws {
    let (sandbox, memory, image, identity) = try prepared()
    #expect(memory.recall().isEmpty)
    memory.remember(image, identity, at: 77)
    #expect(VerificationFile(below: [sandbox["state"]]).recall() == [identity: 77])
    var status = stat()
    #expect(unsafe stat(sandbox["state/crtop/verified"], &status) == 0 && status.st_mode & 0o777 == 0o600)
    #expect(try directoryEntries(sandbox["state/crtop"]) == ["verified"])
    memory.remember(image, nil, at: 78)
    #expect(memory.recall().isEmpty)
  }

  /// One that was written to is another image; one that is gone needs no line.
  @Test func imagesThatAreGoneAreForgotten() throws {
    let (sandbox, memory, image, identity) = try prepared()
    let other = sandbox["b.crtop"]
    try writeFile(other, "image too")
    memory.remember(image, identity, at: 1)
    memory.remember(other, try FileIdentity(path: other), at: 2)
    #expect(memory.recall().count == 2)
    try writeFile(image, "longer than before")
    #expect(try FileIdentity(path: image) != identity)
    memory.remember(other, try FileIdentity(path: other), at: 3)
    #expect(memory.recall() == [try FileIdentity(path: other): 3])
  }

  @Test(arguments: [
    "", "crtop verified images 2\n1 2 3 4 5 /a\n", "crtop verified images 1\n1 2 3 4 /a\n",
    "crtop verified images 1\n1 2 3 4 5 /a", "crtop verified images 1\n1 2 3 4 5 a\n",
    "crtop verified images 1\n1 2 3 4 99999999999999999999 /a\n", "\u{0}\u{0}\u{0}",
  ])
  func aDamagedFileIsIgnoredAndReplaced(text: String) throws {
    let (sandbox, memory, image, identity) = try prepared()
    memory.remember(image, identity, at: 1)
    try writeFile(sandbox["state/crtop/verified"], text)
    #expect(memory.recall().isEmpty)
    memory.remember(image, identity, at: 2)
    #expect(memory.recall() == [identity: 2])
  }

  /// As under sudo(8) with the HOME of somebody else: what others may write is not believed and not written to.
  @Test func aDirectoryThatOthersWriteIsLeftAlone() throws {
    let (sandbox, memory, image, identity) = try prepared()
    for directory in ["state", "state/crtop"] { _ = try systemCall { unsafe mkdir(sandbox[directory], 0o700) } }
    _ = try systemCall { unsafe chmod(sandbox["state/crtop"], 0o777) }
    memory.remember(image, identity, at: 1)
    #expect(try directoryEntries(sandbox["state/crtop"]).isEmpty)
  }

  @Test func writersDoNotLoseEachOthersLines() throws {
    let (sandbox, memory, _, _) = try prepared()
    let images = try (0..<8).map { number -> (String, FileIdentity) in
      let path = sandbox["\(number).crtop"]
      try writeFile(path, "\(number)")
      return (path, try FileIdentity(path: path))
    }
    Parallel.forEach(images.count, grain: 1) { memory.remember(images[$0].0, images[$0].1, at: Int64($0)) }
    #expect(memory.recall().count == images.count)
  }
}
