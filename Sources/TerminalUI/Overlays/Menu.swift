/// Defines `Menu`, a list of which one entry is chosen.

/// A box with entries; Enter chooses, Esc closes.
package final class Menu: Overlay {
  private let title: String
  private let entries: [String]
  private var current: Int
  private var top = 0
  private var entriesArea = Rect(row: 0, column: 0, height: 0, width: 0)
  private let choose: (Int, Application) -> Void

  /// - Parameter choose: gets the index of the entry, after the menu has gone.
  package init(
    title: String, entries: [String], current: Int = 0, choose: @escaping (Int, Application) -> Void
  ) {
    self.title = title
    self.entries = entries
    self.current = min(max(current, 0), max(entries.count - 1, 0))
    self.choose = choose
  }

  package let hints = [KeyHint(.enter, "Choose"), KeyHint(.escape, "Cancel")]

  package func handle(_ key: Key, in app: Application) {
    let page = max(entriesArea.height - 1, 1)
    switch key {
    case .up, .control("p"): move(-1)
    case .down, .control("n"): move(1)
    case .pageUp: move(-page)
    case .pageDown: move(page)
    case .home: move(-entries.count)
    case .end: move(entries.count)
    case .escape, .character("q"), .function(10): app.dismiss(self)
    case .enter:
      app.dismiss(self)
      if entries.indices.contains(current) { choose(current, app) }
    case .character(let letter):
      // The next entry with that letter at the start of a word.
      let order = Array(entries.indices.dropFirst(current + 1)) + Array(entries.indices.prefix(current + 1))
      if let found = order.first(where: { contains(" " + entries[$0], " \(letter)") }) { current = found }
    default: break
    }
  }

  private func move(_ steps: Int) { current = min(max(current + steps, 0), max(entries.count - 1, 0)) }

  package func handle(_ mouse: MouseEvent, in app: Application) {
    switch mouse.kind {
    case .wheelUp: move(-1)
    case .wheelDown: move(1)
    case .click, .doubleClick:
      guard entriesArea.contains(row: mouse.row, column: mouse.column) else { return }
      let clicked = top + mouse.row - entriesArea.row
      guard entries.indices.contains(clicked) else { return }
      let again = clicked == current
      current = clicked
      if again || mouse.kind == .doubleClick { handle(.enter, in: app) }
    }
  }

  package func draw(on canvas: inout Canvas, in area: Rect, app: Application) {
    let widest = max(entries.map(\.columns).max() ?? 0, title.columns + 2, 16)
    let box = Frame.centred(in: area, height: entries.count + 2, width: widest + 4)
    Frame.draw(on: &canvas, box, title: title)
    entriesArea = box.inset(rows: 1, columns: 1)
    top = min(max(top, current - entriesArea.height + 1), current)
    for line in 0..<entriesArea.height where entries.indices.contains(top + line) {
      let role: Role = top + line == current ? .buttonFocused : .dialog
      let row = entriesArea.row + line
      canvas.fill(Rect(row: row, column: entriesArea.column, height: 1, width: entriesArea.width), role: role)
      canvas.write(
        entries[top + line], row: row, column: entriesArea.column + 1, limit: entriesArea.width - 2, role: role)
    }
    Frame.drawMore(on: &canvas, box, above: top > 0, below: top + entriesArea.height < entries.count)
  }
}
