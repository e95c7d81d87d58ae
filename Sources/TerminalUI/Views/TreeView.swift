/// Defines the list of processes with its titles.

internal import ProcessTree

package enum TreeView {
  /// Draws titles and rows. The model has been scrolled for that many rows.
  ///
  /// - Returns: where each title can be clicked, and by what that sorts.
  package static func draw(
    on canvas: inout Canvas, titles: Rect, rows: Rect, _ app: Application
  ) -> [(Rect, SortKey)] {
    let model = app.model
    var facts = ColumnFacts(app)
    let columns = Column.fitting(app.columns, width: rows.width, &facts)
    app.columnsShown = columns
    let targets = drawTitles(on: &canvas, titles, columns, facts, model)
    for line in 0..<rows.height where model.rows.indices.contains(model.top + line) {
      let index = model.top + line
      let bar: Role? =
        index == model.cursor ? (model.isSelectionVisible ? .selection : .selectionLost) : nil
      draw(model.rows[index], on: &canvas, row: rows.row + line, width: rows.width, columns, facts, bar: bar, model)
    }
    if model.rows.isEmpty {
      let text = model.isFiltered ? "no process matches the filter" : "no processes"
      canvas.write(text, row: rows.row, column: 2, role: .dim)
    }
    return targets
  }

  private static func drawTitles(
    on canvas: inout Canvas, _ area: Rect, _ columns: [Column], _ facts: ColumnFacts, _ model: TreeModel
  ) -> [(Rect, SortKey)] {
    canvas.fill(area, role: .columnTitle)
    let direction = model.order.isDescending ? canvas.glyphs.descending : canvas.glyphs.ascending
    var targets: [(Rect, SortKey)] = []
    var column = 0
    for item in columns {
      let width = item.width(facts)
      let isSorted = item.sortKey == model.order.key
      item.drawTitle(
        on: &canvas, row: area.row, column: column, width: width, role: isSorted ? .sortTitle : .columnTitle)
      if isSorted { canvas.write(direction, row: area.row, column: column + width, role: .sortTitle) }
      if let key = item.sortKey {
        targets.append((Rect(row: area.row, column: column, height: 1, width: width + 1), key))
      }
      column += width + 1
    }
    targets.append((Rect(row: area.row, column: column, height: 1, width: area.width - column), .command))
    let isByCommand = model.order.key == .command
    column += canvas.write(
      isByCommand ? "COMMAND\(direction)" : "COMMAND", row: area.row, column: column,
      role: isByCommand ? .sortTitle : .columnTitle)
    guard !isByCommand, !columns.contains(where: { $0.sortKey == model.order.key }) else { return targets }
    let order = "by \(model.order.key.title)\(direction)"
    canvas.writeRight(order, row: area.row, column: column + 1, width: area.width - column - 1, role: .sortTitle)
    return targets
  }

  private static func draw(
    _ row: TreeRow, on canvas: inout Canvas, row line: Int, width: Int, _ columns: [Column], _ facts: ColumnFacts,
    bar: Role?, _ model: TreeModel
  ) {
    if let thread = row.thread {
      drawThread(row, thread, on: &canvas, line, width, columns, facts)
      return
    }
    let process = row.process
    let isTagged = model.tagged.contains(process.identity)
    // A row that is only context, or that the selection bar covers, has one role all over.
    let override: Role? = bar ?? (isTagged ? .tagged : (row.isContext ? .dim : nil))
    if let bar { canvas.fill(Rect(row: line, column: 0, height: 1, width: width), role: bar) }
    var column = 0
    for item in columns {
      let width = item.width(facts)
      item.draw(process, facts, on: &canvas, row: line, column: column, width: width, override: override)
      column += width + 1
    }
    drawCommand(row, on: &canvas, line, column, width, override)
  }

  /// A thread: its id, state, time and name; the rest is the process's.
  private static func drawThread(
    _ row: TreeRow, _ thread: ThreadRecord, on canvas: inout Canvas, _ line: Int, _ width: Int, _ columns: [Column],
    _ facts: ColumnFacts
  ) {
    var shown = row.process
    shown.identity.pid = thread.tid
    (shown.state, shown.cpuTicks) = (shown.state == .frozen ? .frozen : thread.state, thread.cpuTicks)
    var column = 0
    for item in columns {
      let width = item.width(facts)
      if [.pid, .state, .time].contains(item) {
        item.draw(shown, facts, on: &canvas, row: line, column: column, width: width, override: .dim)
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
    let arguments = (rest.isEmpty ? "" : " " + rest, Role.normal)
    guard process.state == .frozen else { return [(name, .strong), arguments] }
    return [(name, .frozen), (" frozen by \(process.freezerOwner)", .dim), arguments]
  }
}
