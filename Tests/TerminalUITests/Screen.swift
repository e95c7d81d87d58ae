import ProcessTree
import Synchronization
import SystemCalls
import TerminalUI

/// An image of a job that is not there any more.
let imageOfTraining = ImageEntry(
  path: "/images/new.crtop", time: 1_700_000_000, bytes: 123 << 20, command: "python3 train.py", rootPid: 5100,
  tasks: 4,
  threads: 10, zombies: 1, host: "beta")

/// An application on fakes, and the canvas it is drawn on.
final class Screen {
  let engine = FakeEngine()
  let images = FakeImages()
  let signals = FakeSignals()
  let inspector = FakeInspector()
  let launcher = FakeLauncher()
  let memory: FakeMemory
  let background = FakeBackground()
  let processes: FakeProcesses
  let clock = FakeClock()
  let app: Application
  var canvas: Canvas

  init(
    _ records: [ProcessRecord] = sampleProcesses(), width: Int = 80, height: Int = 24, glyphs: Glyphs = .unicode,
    readOnly: Bool = false, memory: FakeMemory = FakeMemory(), configuration: Configuration = Configuration(),
    file: ConfigurationFile? = nil
  ) {
    processes = FakeProcesses(records)
    self.memory = memory
    app = Application(
      services: Services(
        processes: processes, engine: engine, images: images, signals: signals, inspector: inspector,
        verifications: memory, launcher: launcher, background: background, clock: clock, ownPid: 900),
      isReadOnly: readOnly, configuration: configuration, file: file)
    canvas = Canvas(width: width, height: height, glyphs: glyphs)
    app.refresh()
    draw()
  }

  /// The list of these images, with the bar on the newest.
  static func listing(
    _ images: [ImageEntry], _ width: Int = 80, _ height: Int = 24, readOnly: Bool = false,
    memory: FakeMemory = FakeMemory()
  ) -> Screen {
    let screen = Screen(width: width, height: height, readOnly: readOnly, memory: memory)
    screen.images.entries.withLock { $0 = images }
    screen.press(.character("R"))
    screen.catchUp()
    return screen
  }

  @discardableResult
  func draw() -> Canvas {
    app.draw(on: &canvas)
    return canvas
  }

  /// Presses keys, one after another, and draws.
  func press(_ keys: Key...) {
    for key in keys { app.handle(key) }
    draw()
  }

  func type(_ text: String) {
    for character in text { app.handle(.character(character)) }
    draw()
  }

  /// Lets the other threads work.
  func catchUp() {
    background.catchUp(app)
    draw()
  }

  /// Takes a new snapshot.
  func refresh() {
    app.refresh()
    draw()
  }

  /// All that is on the screen.
  var text: String { canvas.text }

  /// Its words alone: where lines end in a dialog depends on what they hold, such as the directory that a test runs in.
  var words: String { Self.words(of: text) }

  static func words(of text: String) -> String {
    text.replacing("│", with: " ").split { $0 == " " || $0 == "\n" }.joined(separator: " ")
  }

  /// The first row with this text.
  func row(with text: String) -> Int? { (0..<canvas.height).first { canvas.text(row: $0).contains(text) } }

  /// The roles of the cells that hold this text.
  func roles(of text: String) -> Set<Role> {
    let wanted = Array(text.unicodeScalars)
    for row in 0..<canvas.height {
      for column in 0...max(canvas.width - wanted.count, 0) {
        let cells = (0..<wanted.count).map { canvas[row, column + $0] }
        if cells.map(\.scalar) == wanted { return Set(cells.map(\.role)) }
      }
    }
    return []
  }
}

/// 1 init, 100 python3 with worker 101, which has a zombie 102 and a frozen 103; 200 bash with 900 crtop; 2 kthreadd.
func sampleProcesses() -> [ProcessRecord] {
  func make(_ pid: Int32, _ ppid: Int32, _ comm: String, _ arguments: [String]) -> ProcessRecord {
    var record = ProcessRecord(
      identity: ProcessIdentity(pid: pid, startTime: UInt64(pid) * 10), ppid: ppid, comm: comm)
    record.arguments = arguments
    record.residentBytes = UInt64(pid) << 20
    return record
  }
  var kernel = make(2, 0, "kthreadd", [])
  kernel.isKernelThread = true
  var job = make(100, 1, "python3", ["/usr/bin/python3", "train.py"])
  (job.threads, job.state, job.cpuPercent, job.userName, job.userID) = (8, .running, 312.5, "alice", 1000)
  var zombie = make(102, 101, "helper", [])
  (zombie.state, zombie.kernelState, zombie.exitStatus) = (.zombie, .zombie, ExitStatus(rawValue: 33280))
  var frozen = make(103, 101, "frost", ["frost"])
  frozen.state = .frozen
  return [
    make(1, 0, "init", ["/sbin/init"]), kernel, job, make(101, 100, "worker", ["worker", "--all"]), zombie, frozen,
    make(200, 1, "bash", ["-bash"]), make(900, 200, "crtop", ["crtop"]),
  ]
}

let socketProblem = Problem(
  task: TaskName(pid: 101, comm: "worker"), errno: .resourceBusy, what: "descriptor 5 is a socket",
  why: "its peer is outside the subtree", remedy: "close the connection")
