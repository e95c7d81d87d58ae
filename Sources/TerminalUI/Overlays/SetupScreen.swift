/// Defines `SetupScreen`, where columns and theme are chosen while the tree behind follows.

/// Changes apply at once and last until the end of the program, or for good after `s`.
package final class SetupScreen: Overlay {
  private var current = 0
  private var top = 0
  private var list = Rect(row: 0, column: 0, height: 0, width: 0)

  package init() {}

  package let hints = [
    KeyHint(.escape, "Done", rank: 1), KeyHint(.character(" "), "Show", rank: 2), KeyHint(.left, "Earlier", rank: 3),
    KeyHint(.right, "Later", rank: 3), KeyHint(.character("t"), "Theme", rank: 3),
    KeyHint(.character("s"), "Save", rank: 2), KeyHint(.character("d"), "Defaults", rank: 4),
  ]

  /// The columns that are shown, in order, then the others.
  private func entries(_ app: Application) -> [Column] {
    app.columns + Column.allCases.filter { !app.columns.contains($0) }
  }

  package func handle(_ key: Key, in app: Application) {
    switch key {
    case .escape, .character("q"), .function(10), .function(2): app.dismiss(self)
    case .up, .control("p"): move(-1)
    case .down, .control("n"): move(1)
    case .pageUp, .home: move(-Column.allCases.count)
    case .pageDown, .end: move(Column.allCases.count)
    case .character(" "), .enter: toggle(app)
    case .left, .character("<"), .character("["): shift(-1, app)
    case .right, .character(">"), .character("]"): shift(1, app)
    case .character("t"):
      let index = Theme.allCases.firstIndex(of: app.theme) ?? 0
      app.theme = Theme.allCases[(index + 1) % Theme.allCases.count]
    case .character("d"): (app.columns, app.theme, current) = (Column.standard, .standard, 0)
    case .character("s"): app.saveArrangement()
    default: break
    }
  }

  private func move(_ steps: Int) { current = min(max(current + steps, 0), Column.allCases.count - 1) }

  private func toggle(_ app: Application) {
    let column = entries(app)[current]
    if let index = app.columns.firstIndex(of: column) {
      app.columns.remove(at: index)
    } else {
      app.columns.append(column)
    }
    current = entries(app).firstIndex(of: column) ?? current
  }

  private func shift(_ steps: Int, _ app: Application) {
    guard app.columns.indices.contains(current), app.columns.indices.contains(current + steps) else { return }
    app.columns.swapAt(current, current + steps)
    current += steps
  }

  package func handle(_ mouse: MouseEvent, in app: Application) {
    switch mouse.kind {
    case .wheelUp: move(-1)
    case .wheelDown: move(1)
    case .click, .doubleClick:
      guard list.contains(row: mouse.row, column: mouse.column) else { return }
      let clicked = top + mouse.row - list.row
      guard Column.allCases.indices.contains(clicked) else { return }
      if clicked == current { toggle(app) } else { current = clicked }
    }
  }

  package func draw(on canvas: inout Canvas, in area: Rect, app: Application) {
    let entries = entries(app)
    let box = Frame.centred(in: area, height: entries.count + 3, width: 66)
    Frame.draw(on: &canvas, box, title: "Setup: columns")
    let inner = box.inset(rows: 1, columns: 1)
    list = Rect(row: inner.row, column: inner.column, height: inner.height - 1, width: inner.width)
    top = min(max(top, current - list.height + 1), current)
    for line in 0..<list.height where entries.indices.contains(top + line) {
      let column = entries[top + line]
      let role: Role = top + line == current ? .choiceFocused : .dialog
      let row = list.row + line
      canvas.fill(Rect(row: row, column: list.column, height: 1, width: list.width), role: role)
      let sign = app.columns.contains(column) ? "[x]" : "[ ]"
      canvas.write("\(sign) \(column.rawValue)", row: row, column: list.column + 1, limit: 14, role: role)
      canvas.write(column.meaning, row: row, column: list.column + 14, limit: list.width - 15, role: role)
    }
    canvas.write(
      "Theme: \(app.theme.rawValue)", row: inner.row + inner.height - 1, column: inner.column + 1,
      limit: inner.width - 2, role: .dialogDim)
    Frame.drawMore(on: &canvas, box, above: top > 0, below: top + list.height < entries.count)
  }
}
