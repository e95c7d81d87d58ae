/// Defines `SetupScreen`, where columns and theme are chosen while the tree behind follows.

/// Changes apply at once and last until the end of the program, or for good after `s`.
package final class SetupScreen: Overlay {
  private var cursor = ListCursor()
  private let count = Column.allCases.count

  package init() {}

  package let hints = [
    KeyHint(.escape, "Done", rank: 1), KeyHint(.character(" "), "Show", rank: 2), KeyHint(.left, "Earlier", rank: 3),
    KeyHint(.right, "Later", rank: 3), KeyHint(.character("t"), "Theme", rank: 3),
    KeyHint(.character("s"), "Save", rank: 2, changes: true), KeyHint(.character("d"), "Defaults", rank: 4),
  ]

  /// The columns that are shown, in order, then the others.
  private func entries(_ app: Application) -> [Column] {
    app.columns + Column.allCases.filter { !app.columns.contains($0) }
  }

  package func handle(_ key: Key, in app: Application) {
    if cursor.handle(key, count: count) { return }
    switch key {
    case .escape, .character("q"), .function(10), .function(2): app.dismiss(self)
    case .character(" "), .enter: toggle(app)
    case .left, .character("<"), .character("["): shift(-1, app)
    case .right, .character(">"), .character("]"): shift(1, app)
    case .character("t"):
      let index = Theme.allCases.firstIndex(of: app.theme) ?? 0
      app.theme = Theme.allCases[(index + 1) % Theme.allCases.count]
    case .character("d"):
      (app.columns, app.theme) = (Column.standard, .standard)
      cursor.select(0, of: count)
    case .character("s"): app.saveArrangement()
    default: break
    }
  }

  private func toggle(_ app: Application) {
    let column = entries(app)[cursor.selected]
    if let index = app.columns.firstIndex(of: column) {
      app.columns.remove(at: index)
    } else {
      app.columns.append(column)
    }
    cursor.select(entries(app).firstIndex(of: column) ?? cursor.selected, of: count)
  }

  private func shift(_ steps: Int, _ app: Application) {
    let (from, to) = (cursor.selected, cursor.selected + steps)
    guard app.columns.indices.contains(from), app.columns.indices.contains(to) else { return }
    app.columns.swapAt(from, to)
    cursor.select(to, of: count)
  }

  package func handle(_ mouse: MouseEvent, in app: Application) {
    switch mouse.kind {
    case .wheelUp: handle(.up, in: app)
    case .wheelDown: handle(.down, in: app)
    case .click, .doubleClick:
      guard let clicked = cursor.row(at: mouse, count: count) else { return }
      if clicked == cursor.selected { toggle(app) } else { cursor.select(clicked, of: count) }
    }
  }

  package func draw(on canvas: inout Canvas, in area: Rect, app: Application) {
    let entries = entries(app)
    let box = Frame.centred(in: area, height: entries.count + 3, width: 66)
    Frame.draw(on: &canvas, box, title: "Setup: columns")
    let inner = box.inset(rows: 1, columns: 1)
    let list = Rect(row: inner.row, column: inner.column, height: inner.height - 1, width: inner.width)
    let shown = cursor.show(in: list, count: count)
    for index in shown {
      let column = entries[index]
      let role: Role = index == cursor.selected ? .choiceFocused : .dialog
      let row = list.row + index - shown.lowerBound
      canvas.fill(Rect(row: row, column: list.column, height: 1, width: list.width), role: role)
      let sign = app.columns.contains(column) ? "[x]" : "[ ]"
      canvas.write("\(sign) \(column.rawValue)", row: row, column: list.column + 1, limit: 14, role: role)
      canvas.write(column.meaning, row: row, column: list.column + 14, limit: list.width - 15, role: role)
    }
    canvas.write(
      "Theme: \(app.theme.rawValue)", row: inner.row + inner.height - 1, column: inner.column + 1,
      limit: inner.width - 2, role: .dialogDim)
    Frame.drawMore(on: &canvas, box, above: shown.lowerBound > 0, below: shown.upperBound < count)
  }
}
