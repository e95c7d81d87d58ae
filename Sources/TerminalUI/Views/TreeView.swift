/// Defines the list of processes with its titles.

internal import ProcessTree

package enum TreeView {
  /// Draws titles and rows. `model` has been scrolled for that many rows.
  package static func draw(on canvas: inout Canvas, titles: Rect, rows: Rect, _ model: TreeModel) {
    let widest = Widest(model.tree)
    let columns = Column.fitting(width: rows.width, widest)
    drawTitles(on: &canvas, titles, columns, widest, model)
    for line in 0..<rows.height where model.rows.indices.contains(model.top + line) {
      let index = model.top + line
      let bar: Role? =
        index == model.cursor ? (model.isSelectionVisible ? .selection : .selectionLost) : nil
      draw(
        model.rows[index], on: &canvas, row: rows.row + line, width: rows.width, columns, widest, bar: bar, model)
    }
    if model.rows.isEmpty {
      let text = model.isFiltered ? "no process matches the filter" : "no processes"
      canvas.write(text, row: rows.row, column: 2, role: .dim)
    }
  }

  private static func drawTitles(
    on canvas: inout Canvas, _ area: Rect, _ columns: [Column], _ widest: Widest, _ model: TreeModel
  ) {
    canvas.fill(area, role: .columnTitle)
    let direction = model.order.isDescending ? canvas.glyphs.descending : canvas.glyphs.ascending
    var column = 0
    for item in columns {
      let width = item.width(widest)
      item.drawTitle(
        on: &canvas, row: area.row, column: column, width: width,
        role: item.sortKey == model.order.key ? .sortTitle : .columnTitle)
      if item.sortKey == model.order.key {
        canvas.write(direction, row: area.row, column: column + width, role: .sortTitle)
      }
      column += width + 1
    }
    let isByCommand = model.order.key == .command
    column += canvas.write(
      isByCommand ? "COMMAND\(direction)" : "COMMAND", row: area.row, column: column,
      role: isByCommand ? .sortTitle : .columnTitle)
    guard !isByCommand, !columns.contains(where: { $0.sortKey == model.order.key }) else { return }
    let order = "by \(model.order.key.rawValue)\(direction)"
    canvas.writeRight(order, row: area.row, column: column + 1, width: area.width - column - 1, role: .sortTitle)
  }

  private static func draw(
    _ row: TreeRow, on canvas: inout Canvas, row line: Int, width: Int, _ columns: [Column], _ widest: Widest,
    bar: Role?, _ model: TreeModel
  ) {
    if let thread = row.thread {
      drawThread(row, thread, on: &canvas, line, width, columns, widest)
      return
    }
    let process = row.process
    let isTagged = model.tagged.contains(process.identity)
    // A row that is only context, or that the selection bar covers, has one role all over.
    let override: Role? = bar ?? (isTagged ? .tagged : (row.isContext ? .dim : nil))
    if let bar { canvas.fill(Rect(row: line, column: 0, height: 1, width: width), role: bar) }
    var column = 0
    for item in columns {
      let width = item.width(widest)
      item.draw(process, on: &canvas, row: line, column: column, width: width, override: override)
      column += width + 1
    }
    drawCommand(row, on: &canvas, line, column, width, override)
  }

  /// A thread: its id, state, time and name; the rest is the process's.
  private static func drawThread(
    _ row: TreeRow, _ thread: ThreadRecord, on canvas: inout Canvas, _ line: Int, _ width: Int, _ columns: [Column],
    _ widest: Widest
  ) {
    var shown = row.process
    shown.identity.pid = thread.tid
    (shown.state, shown.cpuTicks) = (shown.state == .frozen ? .frozen : thread.state, thread.cpuTicks)
    var column = 0
    for item in columns {
      let width = item.width(widest)
      if [.pid, .state, .letter, .time].contains(item) {
        item.draw(shown, on: &canvas, row: line, column: column, width: width, override: .dim)
      }
      column += width + 1
    }
    column += drawTrunks(row, on: &canvas, line, column, width, nil)
    canvas.write("{\(thread.comm)}", row: line, column: column, limit: width - column, role: .dim)
  }

  private static func drawCommand(
    _ row: TreeRow, on canvas: inout Canvas, _ line: Int, _ start: Int, _ width: Int, _ override: Role?
  ) {
    var column = start + drawTrunks(row, on: &canvas, line, start, width, override)
    for (text, role) in command(of: row.process) {
      column += canvas.write(text, row: line, column: column, limit: width - column, role: override ?? role)
    }
  }

  /// The lines of the tree before a name; returns the columns they take.
  private static func drawTrunks(
    _ row: TreeRow, on canvas: inout Canvas, _ line: Int, _ start: Int, _ width: Int, _ override: Role?
  ) -> Int {
    let glyphs = canvas.glyphs
    var column = start
    func write(_ text: String, _ role: Role) {
      column += canvas.write(text, row: line, column: column, limit: width - column, role: override ?? role)
    }
    if let own = row.trunks.last {
      // Deep trees must leave room for the command: the outer levels are cut.
      let levels = row.trunks.dropFirst().count
      let room = max((width - start - 12) / 2, 1)
      let prefix = row.trunks.dropLast().map { $0 ? glyphs.trunk : "  " }.suffix(room)
      if levels > room { write(String(glyphs.ellipsis), .treeLine) }
      write(prefix.joined() + (own ? glyphs.branch : glyphs.lastBranch), .treeLine)
    }
    if row.hidden > 0 { write("[+\(row.hidden)]", .folded) }
    if !row.trunks.isEmpty || row.hidden > 0 { write(" ", .treeLine) }
    return column - start
  }

  /// The program without its directory, its arguments; what has ended says how.
  private static func command(of process: ProcessRecord) -> [(String, Role)] {
    if process.state == .zombie {
      if process.hasDeadLeader { return [(process.comm, .zombie), (" leader ended, threads live", .dim)] }
      return [(process.comm, .zombie), (" \(process.exitStatus.map(\.description) ?? "ended")", .zombie)]
    }
    guard let program = process.arguments.first else { return [(process.commandLine, .kernelThread)] }
    let name = withoutDirectory(program)
    let rest = process.arguments.dropFirst().joined(separator: " ")
    return [(name, process.state == .frozen ? .frozen : .strong), (rest.isEmpty ? "" : " " + rest, .normal)]
  }
}
