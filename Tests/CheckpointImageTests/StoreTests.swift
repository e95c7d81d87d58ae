/// The image store: where it is, what is in it, what may be deleted.

import CLinux
import CheckpointImage
import Glibc
import ImageSchema
import SystemCalls
import Testing

@Suite struct StoreTests {
  private func refusal(_ body: () throws -> Void) -> Problem? {
    do { try body() } catch let problem as Problem { return problem } catch {}
    return nil
  }

  @Test func theStoreIsMadePrivate() throws {
    let scratch = try Scratch()
    let store = ImageStore(directory: scratch.file("state/crtop"))
    #expect(try store.list().isEmpty)
    try store.prepare()
    try store.prepare()
    var status = stat()
    _ = try systemCall { unsafe stat(store.directory, &status) }
    #expect(status.st_mode & 0o7777 == 0o700)
    try writeFile(scratch.file("plain"), [])
    #expect(refusal { try ImageStore(directory: scratch.file("plain/store")).prepare() }?.errno == .notDirectory)
    _ = try systemCall { unsafe symlink("nowhere", scratch.file("dangling")) }
    #expect(refusal { try ImageStore(directory: scratch.file("dangling/store")).prepare() } != nil)
  }

  @Test(arguments: [
    ("python3", "python3"), ("a b;rm", "a_b_rm"), ("../../etc", "task.._.._etc"), ("", "task"),
    ("-rf", "_rf"), ("\u{1b}[2J", "__2J"), ("(sd-pam)", "_sd_pam_"), ("ä", "__"),
  ])
  func names(_ comm: String, _ expected: String) throws {
    let scratch = try Scratch()
    let store = ImageStore(directory: scratch.path)
    // `date -u -d @1262304000 +%Y%m%dT%H%M%SZ`
    let path = try store.newImagePath(for: TaskName(pid: 4711, comm: comm), time: 1_262_304_000)
    #expect(path == "\(scratch.path)/\(expected)-4711-20100101T000000Z.crtop")
    try writeFile(path, [])
    let next = try store.newImagePath(for: TaskName(pid: 4711, comm: comm), time: 1_262_304_000)
    #expect(next == "\(scratch.path)/\(expected)-4711-20100101T000000Z-2.crtop")
  }

  @Test func listingShowsDamagedFilesToo() throws {
    let scratch = try Scratch()
    let store = ImageStore(directory: scratch.path)
    let whole = try sampleImage()
    func put(_ name: String, _ bytes: [UInt8], age: Int) throws {
      try writeFile(scratch.file(name), bytes)
      var times = [timeval(tv_sec: 1_000_000 - age, tv_usec: 0), timeval(tv_sec: 1_000_000 - age, tv_usec: 0)]
      _ = try systemCall { unsafe utimes(scratch.file(name), &times) }
    }
    try put("a.crtop", whole, age: 5)
    try put("cut.crtop", Array(whole.dropLast(100)), age: 1)
    try put("empty.crtop", [], age: 2)
    try put("foreign.crtop", Array("hello".utf8), age: 3)
    try put("notes.txt", Array("hello".utf8), age: 0)
    try put(".crtop-partial-x", whole, age: 0)
    _ = try systemCall { unsafe mkdir(scratch.file("directory.crtop"), 0o700) }

    let images = try store.list()
    let names = images.map { $0.path.dropFirst(scratch.path.utf8.count + 1) }
    #expect(names == ["directory.crtop", "cut.crtop", "empty.crtop", "foreign.crtop", "a.crtop"])
    for image in images {
      switch image.content {
      case .image(let header, let trailer):
        #expect(image.path.hasSuffix("a.crtop"))
        #expect(header.rootCommand == "simulate")
        #expect(trailer.pauseUs == 900)
        #expect(image.bytes == UInt64(whole.count))
        #expect(image.modified == 999_995)
        #expect(image.json.description.contains("\"comm\":\"simulate\""))
        #expect(image.json.description.contains("\"time\":\"2010-01-01T00:00:00Z\""))
      case .unreadable(let problem):
        #expect(!image.path.hasSuffix("/a.crtop"))
        #expect(image.json.description.contains("\"code\":\"\(problem.code)\""))
      }
    }
  }

  @Test func processesAsJSON() {
    #expect(
      sampleZombie(101, parent: 100).json.description
        == #"{"pid":101,"ppid":100,"pgid":0,"sid":0,"comm":"gone","state":"zombie","threads":0,"exit_code":33280}"#)
    #expect(!sampleProcess(100).json.description.contains("exit_code"))
  }

  @Test func deleting() throws {
    let scratch = try Scratch()
    let whole = try sampleImage()
    try writeFile(scratch.file("whole"), whole)
    try writeFile(scratch.file("damaged"), Array(whole.prefix(50)))
    try writeFile(scratch.file("thesis.tex"), Array("hello".utf8))
    try writeFile(scratch.file("empty"), [])
    _ = try systemCall { unsafe symlink("thesis.tex", scratch.file("link")) }
    try ImageStore.delete(scratch.file("whole"))
    try ImageStore.delete(scratch.file("damaged"))
    #expect(refusal { try ImageStore.delete(scratch.file("whole")) }?.errno == .noSuchFileOrDirectory)
    #expect(refusal { try ImageStore.delete(scratch.file("thesis.tex")) }?.errno == .invalidArgument)
    #expect(refusal { try ImageStore.delete(scratch.file("empty")) }?.why == "it is empty")
    #expect(refusal { try ImageStore.delete(scratch.file("link")) }?.why == "it is a symbolic link")
    #expect(refusal { try ImageStore.delete(scratch.path) }?.why == "it is a directory")
    #expect(scratch.names == ["empty", "link", "thesis.tex"])
  }

  @Test func placeFromTheEnvironment() throws {
    func place(isRoot: Bool, _ environment: [String: String]) throws -> String {
      try ImageStore.standard(isRoot: isRoot) { environment[$0] }.directory
    }
    let all = ["CRTOP_IMAGES": "/somewhere", "XDG_STATE_HOME": "/state", "HOME": "/home/x"]
    #expect(try place(isRoot: false, all) == "/somewhere")
    #expect(try place(isRoot: true, all) == "/somewhere")
    #expect(try place(isRoot: true, ["XDG_STATE_HOME": "/state"]) == "/var/lib/crtop")
    #expect(try place(isRoot: false, ["XDG_STATE_HOME": "/state", "HOME": "/home/x"]) == "/state/crtop")
    #expect(
      try place(isRoot: false, ["XDG_STATE_HOME": "relative", "HOME": "/home/x"]) == "/home/x/.local/state/crtop")
    #expect(refusal { _ = try place(isRoot: false, [:]) }?.remedy.contains("CRTOP_IMAGES") == true)
  }
}
