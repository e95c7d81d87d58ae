/// Defines `TerminalDisplay`, the live progress on a terminal: a line for each of the first tasks, and one for all.

internal import CLinux
internal import CheckpointRestart
internal import Glibc
internal import Synchronization
internal import SystemCalls
internal import TerminalUI

/// Lines at the bottom of the terminal that are drawn over again, at most ten times a second, and erased at the end.
final class TerminalDisplay: ProgressDisplay {
  private struct State {
    var model: OperationModel
    var startedAt = monotonicNanoseconds()
    var drawnAt: UInt64 = 0
    var linesDrawn = 0
    var isClosed = false
  }

  private static let mostTasks = 8
  private static let interval: UInt64 = 100_000_000
  private let state: Mutex<State>
  private let hasColours: Bool

  /// Standard error is a terminal that understands a few control sequences.
  static var isPossible: Bool { isatty(STDERR_FILENO) == 1 && !["", "dumb"].contains(variable("TERM") ?? "") }

  init(_ operation: String) {
    let kind = OperationModel.Kind(rawValue: operation) ?? .checkpoint
    state = Mutex(State(model: OperationModel(id: 0, kind: kind, subject: "", image: "", startedAt: 0)))
    hasColours = (Self.variable("NO_COLOR") ?? "").isEmpty
  }

  func show(_ event: OperationEvent) {
    state.withLock { state in
      guard !state.isClosed else { return }
      if case .note(let task, let text) = event {
        erase(&state)
        Output.note(Output.printable(task.map { "\($0.label): \(text)" } ?? text))
      }
      state.model.apply(event, now: 0)
    }
  }

  func draw() {
    state.withLock { state in
      let now = monotonicNanoseconds()
      // What ends at once is not worth a flash on the screen.
      guard !state.isClosed, now - state.startedAt > 2 * Self.interval, now - state.drawnAt >= Self.interval else {
        return
      }
      state.drawnAt = now
      let lines = lines(state, now: now)
      Output.write(Self.over(state.linesDrawn) + lines.map { $0 + "\n" }.joined(), to: STDERR_FILENO)
      state.linesDrawn = lines.count
    }
  }

  func close() {
    state.withLock { state in
      erase(&state)
      state.isClosed = true
    }
  }

  private func erase(_ state: inout State) {
    Output.write(Self.over(state.linesDrawn), to: STDERR_FILENO)
    state.linesDrawn = 0
  }

  /// Goes up to the first of our lines and clears from there.
  private static func over(_ lines: Int) -> String { lines > 0 ? "\u{1b}[\(lines)A\r\u{1b}[J" : "" }

  private func lines(_ state: State, now: UInt64) -> [String] {
    let (rows, columns) = Self.windowSize
    let tasks = state.model.linesByUrgency
    let shown = tasks.prefix(min(Self.mostTasks, max(rows - 3, 1)))
    let names = shown.map { Output.printable($0.task.label) }
    let width = min(names.map(\.count).max() ?? 0, 24)
    var lines = zip(shown, names).map { Self.line($0, Self.padded(name: $1, width)) }
    if tasks.count > shown.count { lines.append("and \(Format.count(tasks.count - shown.count, "other task"))") }
    lines.append(Self.sum(state.model, microseconds: Int64((now - state.startedAt) / 1000)))
    lines = lines.map { String($0.prefix(columns - 1)) }
    if hasColours, let last = lines.popLast() { lines.append("\u{1b}[1m\(last)\u{1b}[m") }
    return lines
  }

  private static func sum(_ model: OperationModel, microseconds: Int64) -> String {
    let elapsed = Format.duration(microseconds: microseconds)
    let (done, total) = (model.done, model.total)
    guard total > 0 else {
      // An image is verified as a whole before any of its tasks has a phase.
      let isVerifying = model.kind == .restart && model.lines.allSatisfy { $0.phase == nil }
      return "\(model.kind.rawValue)\(isVerifying ? ": verifying the image" : ""), \(elapsed)"
    }
    return
      "\(model.kind.rawValue) \(bar(done, total, cells: 30)) \(Format.bytes(done)) of \(Format.bytes(total)), \(elapsed)"
  }

  private static func line(_ line: TaskLine, _ name: String) -> String {
    let phase = padded(name: line.phase?.rawValue ?? "waiting", 8)
    guard line.total > 0 else { return "\(name) \(phase)" }
    return
      "\(name) \(phase) \(bar(line.done, line.total, cells: 12)) \(Format.bytes(line.done)) of \(Format.bytes(line.total))"
  }

  /// `[#####-----]`.
  private static func bar(_ done: UInt64, _ total: UInt64, cells: Int) -> String {
    let full = total > 0 ? Int(Double(min(done, total)) / Double(total) * Double(cells)) : 0
    return "[" + String(repeating: "#", count: full) + String(repeating: "-", count: cells - full) + "]"
  }

  private static func padded(name: String, _ width: Int) -> String {
    let text = String(name.prefix(width))
    return text + String(repeating: " ", count: width - text.count)
  }

  private static var windowSize: (rows: Int, columns: Int) {
    guard let size = SystemCalls.windowSize(STDERR_FILENO), size.columns > 0 else { return (24, 80) }
    return (max(size.rows, 4), max(size.columns, 20))
  }

  private static func variable(_ name: String) -> String? {
    unsafe getenv(name).map { unsafe String(cString: $0) }
  }
}
