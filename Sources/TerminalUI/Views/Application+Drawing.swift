/// Draws the whole screen.

internal import ProcessTree
internal import SystemCalls

extension Application {
  /// Draws what is to be seen now, and remembers where things are for the mouse.
  package func draw(on canvas: inout Canvas) {
    canvas.cursor = nil
    canvas.fill(canvas.bounds, role: .normal)
    guard canvas.width >= Layout.minimumWidth, canvas.height >= Layout.minimumHeight else {
      let text = "crtop needs \(Layout.minimumWidth)x\(Layout.minimumHeight), this is \(canvas.width)x\(canvas.height)"
      for (row, line) in wrap(text, width: canvas.width).enumerated() {
        canvas.write(line, row: row, column: 0, role: .normal)
      }
      return
    }
    let noticeLines = notice.map { wrap($0.text, width: canvas.width, indent: 2) } ?? []
    let panelLines = OperationPanel.height(of: operations, width: canvas.width)
    let headerLines =
      showsHeader ? MeterPlan.headerLines(machine, width: canvas.width, height: canvas.height) : 0
    layout = Layout(
      width: canvas.width, height: canvas.height, headerLines: headerLines, panelLines: panelLines,
      noticeLines: noticeLines.count)
    model.scroll(height: layout.tree.height)
    HeaderView.draw(on: &canvas, layout.header, self)
    titleTargets = TreeView.draw(on: &canvas, titles: layout.titles, rows: layout.tree, self)
    OperationPanel.draw(on: &canvas, layout.panel, operations, top: &panelTop, now: now)
    drawHint(on: &canvas)
    // News is needed most while a dialog is open, and must not cover it.
    if overlays.last?.isLine == false { layout.notice.row = layout.bar.row - layout.notice.height }
    // A line is kept free for it where there is room, so that dialogs do not jump.
    let kept = max(layout.notice.height, canvas.height >= 16 ? 1 : 0)
    let area = Rect(row: 0, column: 0, height: layout.bar.row - kept, width: canvas.width)
    for overlay in overlays { overlay.draw(on: &canvas, in: area, app: self) }
    drawNotice(noticeLines, on: &canvas)
    drawBar(on: &canvas)
  }

  private func drawNotice(_ lines: [String], on canvas: inout Canvas) {
    guard let notice, layout.notice.height > 0 else { return }
    canvas.fill(layout.notice, role: notice.role)
    for (offset, line) in lines.prefix(layout.notice.height).enumerated() {
      let isCut = offset == layout.notice.height - 1 && lines.count > layout.notice.height
      canvas.write(
        isCut ? line + " \(canvas.glyphs.more)" : line, row: layout.notice.row + offset, column: 0, role: notice.role)
    }
  }

  /// The selected subtree at the left, what deserves notice at the right.
  private func drawHint(on canvas: inout Canvas) {
    let row = layout.hint.row
    var flags: [(String, Role)] = []
    if errors.unseen > 0 { flags.append((" \(Format.count(errors.unseen, "error")): E ", .error)) }
    if isPaused { flags.append((" PAUSED ", .warning)) }
    if isReadOnly { flags.append((" read-only ", .warning)) }
    if model.heldLine != nil { flags.append((" following ", .information)) }
    if !model.filter.isEmpty { flags.append((" filter \(model.filter) ", .information)) }
    if let user = model.userFilter {
      let name = model.tree.processes.first { $0.userID == user }?.userName ?? String(user)
      flags.append((" user \(name) ", .information))
    }
    if !model.tagged.isEmpty { flags.append((" \(model.tagged.count) tagged ", .tagged)) }
    var right = canvas.width
    for (text, role) in flags {
      // Half of the line at most; the last is cut there.
      let width = min(text.columns, right - canvas.width / 2)
      guard width >= 6 || width == text.columns else { break }
      right -= width
      canvas.write(text, row: row, column: right, limit: width, role: role)
    }
    let limit = max(right - 1, canvas.width / 2)
    guard let subtree = SubtreeSummary(model.selectedSubtree) else {
      let text = model.lost.map { "\($0.comm) (\($0.pid)) has ended" } ?? "nothing selected"
      canvas.write(text, row: row, column: 0, limit: limit, role: .dim)
      return
    }
    let used = canvas.write(subtree.name, row: row, column: 0, limit: limit, role: .strong)
    let rest = ": \(subtree.counts), \(Format.bytes(subtree.residentBytes))"
    let column = used + canvas.write(rest, row: row, column: used, limit: limit - used, role: .normal)
    guard case .no(let problem, let others) = marks[subtree.root], columnsShown.contains(.ckpt) else { return }
    let more = others > 0 ? " and \(others) more" : ""
    let reason = ". No checkpoint: \(problem.what): \(problem.why)\(more)"
    canvas.write(reason, row: row, column: column, limit: limit - column, role: .warning)
  }

  private var barHints: [KeyHint] {
    var hints = keymap.hints(in: .tree)
    // Read-only, there is nothing to restart there, but much to see.
    if isReadOnly, let index = hints.firstIndex(where: { $0.key.label == keymap.label(of: .images) }) {
      hints[index].name = "Images"
    }
    return hints
  }

  private func drawBar(on canvas: inout Canvas) {
    let hints = overlays.last?.hints ?? barHints
    barTargets = FunctionBar.draw(on: &canvas, layout.bar, hints.filter { !(isReadOnly && $0.changesSomething) })
  }
}
