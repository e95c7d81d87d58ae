import CheckpointRestart
import Glibc
import ProcessTree
import Synchronization
import SystemCalls
import Testing
import TerminalUI

@Suite struct DetailsTests {
  private func opened(_ width: Int, _ height: Int) -> Screen {
    let screen = Screen(width: width, height: height)
    screen.inspector.known.withLock {
      $0 = [
        DetailSection(
          title: "Files", fate: "Saved: number and offset.",
          items: (0..<40).map { DetailItem("\($0)  /data/file\($0)", name: "descriptor \($0) (") }),
        DetailSection(title: "Memory", fate: "Saved.", failure: "Permission denied [EACCES]"),
      ]
    }
    screen.engine.state.withLock {
      $0.report.problems = [
        Problem(
          task: TaskName(pid: 101, comm: "worker"), errno: .notSupported, what: "descriptor 5 (socket:[77])",
          why: "sockets are not supported", remedy: "let the program close it")
      ]
    }
    screen.type("101")
    screen.press(.character("i"))
    return screen
  }

  @Test(arguments: [(40, 10), (80, 24), (200, 50)])
  func eachThingSaysWhatACheckpointMakesOfIt(width: Int, height: Int) {
    let screen = opened(width, height)
    #expect(screen.text.contains("Command"))
    screen.press(.tab)
    #expect(screen.text.contains("Reading"))
    screen.catchUp()
    var seen = screen.text
    for _ in 0..<10 {
      screen.press(.pageDown)
      seen += "\n" + screen.text
    }
    #expect(seen.contains("1 of 40 refused"))
    #expect(seen.contains("/data/file39"))
    // The reason stands under the thing it is about, and under no other.
    let lines = seen.split(separator: "\n")
    let place = lines.firstIndex { $0.contains("refused: sockets are not") }
    #expect(place.map { lines[$0 - 1].contains("5  /data/file5 ") } == true)
    #expect(seen.contains("let the program close it") || seen.contains("remedy:"))
    screen.press(.tab)
    #expect(screen.text.contains("Permission"))
    screen.press(.backTab, .backTab)
    #expect(screen.text.contains("worker --all"))
  }

  @Test func textCanBeSearched() {
    let screen = opened(80, 24)
    screen.catchUp()
    screen.press(.tab, .character("/"))
    screen.type("file33")
    #expect(screen.roles(of: "/data/file33") == [.selection])
    screen.press(.enter)
    #expect(screen.app.overlays.count == 1)
    screen.press(.character("/"))
    screen.type("nowhere")
    #expect(screen.text.contains("not found"))
    screen.press(.escape)
    #expect(screen.app.overlays.count == 1)
  }

  @Test func theMouseTurnsTheParts() throws {
    let screen = opened(80, 24)
    screen.catchUp()
    let row = try #require(screen.row(with: " Files "))
    let line = screen.canvas.text(row: row)
    let place = try #require(line.ranges(of: "Memory").first)
    screen.app.handle(MouseEvent(.click, row: row, column: line.distance(from: line.startIndex, to: place.lowerBound)))
    screen.draw()
    #expect(screen.text.contains("It cannot be read"))
  }

  /// The real one, on this very process.
  @Test func procIsReadWithoutStoppingAnything() throws {
    let own = try #require(ProcessIdentity(current: getpid()))
    let path = "/tmp/crtop-details-\(getpid())"
    let file = try OwnedDescriptor.open(path, O_RDWR | O_CREAT)
    defer { unsafe _ = unlink(path) }
    var ends: [Int32] = [-1, -1]
    _ = try systemCall { unsafe socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) }
    defer { for end in ends { _ = close(end) } }
    let sections = ProcInspector().sections(of: own)
    func texts(_ title: String) -> [String] { sections.first { $0.title == title }?.items.map(\.text) ?? [] }
    #expect(texts("Files").contains { $0.hasPrefix("\(file.number)  \(path)") })
    #expect(texts("Files").contains { $0.hasPrefix("\(ends[0])  socket:") && $0.hasSuffix("local") })
    #expect(texts("Memory").contains { $0.contains("[stack]") })
    #expect(texts("Signals").contains { $0.hasPrefix("blocked") })
    #expect(texts("Limits").contains { $0.contains("open files") })
    #expect(texts("Namespaces").contains { $0.contains("the same as crtop's") })
    #expect(ProcInspector().sections(of: ProcessIdentity(pid: own.pid, startTime: 1)).isEmpty)
  }
}
