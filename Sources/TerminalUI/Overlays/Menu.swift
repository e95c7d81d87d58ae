/// Defines `Menu`, a list of which one entry is chosen.

/// A box with entries; Enter chooses, Esc closes.
package final class Menu: Overlay {
  private let title: String
  private let entries: [String]
  private var cursor: ListCursor
  private let choose: (Int, Application) -> Void

  /// - Parameter choose: gets the index of the entry, after the menu has gone.
  package init(
    title: String, entries: [String], current: Int = 0, choose: @escaping (Int, Application) -> Void
  ) {
    self.title = title
    self.entries = entries
    cursor = ListCursor(min(current, max(entries.count - 1, 0)))
    self.choose = choose
  }

  package let hints = [KeyHint(.enter, "Choose"), KeyHint(.escape, "Cancel")]

  package func handle(_ key: Key, in app: Application) {
    if cursor.handle(key, count: entries.count) { return }
    let current = cursor.selected
    switch key {
    case .escape, .character("q"), .function(10): app.dismiss(self)
    case .enter:
      app.dismiss(self)
      if entries.indices.contains(current) { choose(current, app) }
    case .character(let letter):
      // The next entry with that letter at the start of a word.
      let order = Array(entries.indices.dropFirst(current + 1)) + Array(entries.indices.prefix(current + 1))
      if let found = order.first(where: { contains(" " + entries[$0], " \(letter)") }) {
        cursor.select(found, of: entries.count)
      }
    default: break
    }
  }

  package func handle(_ mouse: MouseEvent, in app: Application) {
    switch mouse.kind {
    case .wheelUp: handle(.up, in: app)
    case .wheelDown: handle(.down, in: app)
    case .click, .doubleClick:
      guard let clicked = cursor.row(at: mouse, count: entries.count) else { return }
      let again = clicked == cursor.selected
      cursor.select(clicked, of: entries.count)
      if again || mouse.kind == .doubleClick { handle(.enter, in: app) }
    }
  }

  package func draw(on canvas: inout Canvas, in area: Rect, app: Application) {
    let widest = max(entries.map(\.columns).max() ?? 0, title.columns + 2, 16)
    let box = Frame.centred(in: area, height: entries.count + 2, width: widest + 4)
    Frame.draw(on: &canvas, box, title: title)
    let list = box.inset(rows: 1, columns: 1)
    let shown = cursor.show(in: list, count: entries.count)
    for index in shown {
      let role: Role = index == cursor.selected ? .buttonFocused : .dialog
      let row = list.row + index - shown.lowerBound
      canvas.fill(Rect(row: row, column: list.column, height: 1, width: list.width), role: role)
      canvas.write(entries[index], row: row, column: list.column + 1, limit: list.width - 2, role: role)
    }
    Frame.drawMore(on: &canvas, box, above: shown.lowerBound > 0, below: shown.upperBound < entries.count)
  }
}
