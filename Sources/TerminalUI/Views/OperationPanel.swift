/// Defines the panel under the tree: the operation that runs, or what came of the last one.

internal import CheckpointRestart
internal import SystemCalls

package enum OperationPanel {
  /// How many lines it would like to have.
  package static func height(of operations: OperationList, width: Int) -> Int {
    let summaries = operations.summaries
    guard let running = operations.running else {
      return summaries.last.map { summaryLines($0, width: width).count } ?? 0
    }
    return running.lines.count + 2 + min(summaries.count, 2)
  }

  package static func draw(
    on canvas: inout Canvas, _ area: Rect, _ operations: OperationList, top: inout Int, now: Double
  ) {
    guard area.height > 0 else { return }
    canvas.fill(area, role: .normal)
    guard let running = operations.running else {
      if let last = operations.summaries.last { drawSummary(on: &canvas, area, last) }
      return
    }
    // What came of those before stays in sight, as far as there is room.
    let before = operations.summaries.suffix(max(min(area.height - 2 - min(running.lines.count, 2), 2), 0))
    for (offset, operation) in before.enumerated() {
      canvas.write(operation.summary ?? "", row: area.row + offset, column: 0, role: role(of: operation))
    }
    let rest = Rect(
      row: area.row + before.count, column: area.column, height: area.height - before.count, width: area.width)
    drawRunning(on: &canvas, rest, running, waiting: operations.queued.count, &top, now)
  }

  // MARK: After it

  static func role(of operation: OperationModel) -> Role {
    switch operation.outcome {
    case .done: .good
    case .failed: operation.isCancelled ? .warning : .error
    case .withdrawn: .warning
    case .queued, .running, .cancelling: .information
    }
  }

  private static func summaryLines(_ operation: OperationModel, width: Int) -> [StyledLine] {
    let keys = operation.kind == .checkpoint ? "  (R: images, Esc: dismiss)" : "  (Esc: dismiss)"
    let summary = (operation.summary ?? "") + keys
    var lines = wrap(summary, width: width, indent: 2).map { StyledLine($0, role(of: operation)) }
    if let note = operation.notes.first {
      let more = operation.notes.count > 1 ? " (and \(operation.notes.count - 1) more: press o)" : ""
      lines.append(StyledLine("  note: \(note)\(more)", .warning))
    }
    return lines
  }

  private static func drawSummary(on canvas: inout Canvas, _ area: Rect, _ operation: OperationModel) {
    for (offset, line) in summaryLines(operation, width: area.width).prefix(area.height).enumerated() {
      canvas.write(line.text, row: area.row + offset, column: 0, role: line.role)
    }
  }

  // MARK: While it runs

  private static func drawRunning(
    on canvas: inout Canvas, _ area: Rect, _ operation: OperationModel, waiting: Int, _ top: inout Int, _ now: Double
  ) {
    let verb = operation.kind == .checkpoint ? "Checkpoint of" : "Restart of"
    var title = "\(verb) \(operation.subject)"
    if case .cancelling = operation.outcome { title = "Cancelling: \(title)" } else { title += "  (Esc: cancel)" }
    if waiting > 0 { title += "  \(waiting) waiting: o" }
    canvas.fill(Rect(row: area.row, column: 0, height: 1, width: area.width), role: .columnTitle)
    let used = canvas.write(title, row: area.row, column: 0, role: .columnTitle)
    // The path is in the summary: how fast it goes is worth more now.
    let right = speed(of: operation, now) ?? operation.image
    canvas.writeRight(right, row: area.row, column: used + 2, width: area.width - used - 2, role: .columnTitle)
    let room = max(area.height - 2, 0)
    top = max(min(top, operation.lines.count - room), 0)
    for (offset, line) in operation.linesByUrgency.dropFirst(top).prefix(room).enumerated() {
      draw(line, on: &canvas, area.row + 1 + offset, area.width, now)
    }
    if area.height > 1 { drawTotal(on: &canvas, area.row + area.height - 1, area.width, operation, now, room) }
  }

  private static func draw(_ line: TaskLine, on canvas: inout Canvas, _ row: Int, _ width: Int, _ now: Double) {
    let nameWidth = max(min(width / 3, 28), 14)
    // The name may be cut, the pid not.
    let pid = " (\(line.task.pid))"
    let used = canvas.write(line.task.comm, row: row, column: 0, limit: nameWidth - pid.columns, role: .normal)
    canvas.write(pid, row: row, column: used, role: .normal)
    if let problem = line.problem {
      canvas.write(
        "\(problem.what): \(problem.why) [\(problem.code)]", row: row, column: nameWidth + 1, role: .error)
      return
    }
    let phase = line.phase?.rawValue ?? "waiting"
    canvas.write(phase, row: row, column: nameWidth + 1, limit: 8, role: line.isAtEnd ? .good : .information)
    let seconds = line.firstNews.map { ((line.isAtEnd ? line.lastNews : nil) ?? now) - $0 }
    drawProgress(
      on: &canvas, row, from: nameWidth + 10, to: width, fraction: line.fraction, done: line.done, total: line.total,
      seconds: seconds)
  }

  private static func drawTotal(
    on canvas: inout Canvas, _ row: Int, _ width: Int, _ operation: OperationModel, _ now: Double, _ room: Int
  ) {
    let nameWidth = max(min(width / 3, 28), 14)
    let hidden = operation.lines.count - room
    let text = hidden > 0 ? "total (\(hidden) more: { })" : "total"
    canvas.write(text, row: row, column: 0, limit: nameWidth, role: .strong)
    canvas.write(
      "\(Format.decimal(operation.fraction * 100, 0))%", row: row, column: nameWidth + 1, limit: 8, role: .strong)
    drawProgress(
      on: &canvas, row, from: nameWidth + 10, to: width, fraction: operation.fraction, done: operation.done,
      total: operation.total, seconds: operation.elapsed(now: now))
  }

  /// `210M/s, 4.2 s left`.
  static func speed(of operation: OperationModel, _ now: Double) -> String? {
    if operation.kind == .checkpoint && operation.fraction >= 1 && operation.isRunning { return "putting it on disk" }
    guard let rate = operation.rate(now: now) else { return nil }
    let left = operation.secondsLeft(now: now).map { ", \(Format.roughly(seconds: $0)) left" } ?? ""
    return "\(Format.bytes(UInt64(rate)))/s\(left)"
  }

  /// A bar, the bytes and the time, as far as there is room: the time first, then the bytes, then the bar.
  private static func drawProgress(
    on canvas: inout Canvas, _ row: Int, from start: Int, to end: Int, fraction: Double, done: UInt64, total: UInt64,
    seconds: Double?
  ) {
    var end = end
    let time = seconds.map { Format.duration(seconds: $0) } ?? ""
    if end - start >= 9 {
      canvas.writeRight(time, row: row, column: end - 9, width: 9, role: .dim)
      end -= 10
    }
    if end - start >= 12 {
      let bytes = total > 0 ? "\(Format.bytes(done))/\(Format.bytes(total))" : ""
      canvas.writeRight(bytes, row: row, column: end - 11, width: 11, role: .normal)
      end -= 12
    }
    let bar = min(end - start, 60)
    guard bar >= 4 else { return }
    let filled = min(max(Int(fraction * Double(bar)), 0), bar)
    canvas.fill(
      Rect(row: row, column: start, height: 1, width: filled), canvas.glyphs.full, role: .meterFull)
    canvas.fill(
      Rect(row: row, column: start + filled, height: 1, width: bar - filled), canvas.glyphs.empty, role: .meterEmpty)
  }
}
