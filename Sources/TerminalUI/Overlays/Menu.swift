/// Defines `Menu`, a list of which one entry is chosen.

/// A box with entries; Enter chooses, Esc closes, what is typed moves the bar to an entry of that name.
package final class Menu: Overlay {
  private let title: String
  private let entries: [String]
  /// By which an entry is found, in lower case.
  private let names: [[String]]
  /// All letters search; where the entries are words, `q` closes.
  private let hasNames: Bool
  private let origin: Int
  private var cursor: ListCursor
  private var typed = TypedName()
  private let choose: (Int, Application) -> Void

  /// - Parameters:
  ///   - names: by which each entry is found; `nil`: by its words.
  ///   - choose: gets the index of the entry, after the menu has gone.
  package init(
    title: String, entries: [String], names: [[String]]? = nil, current: Int = 0,
    choose: @escaping (Int, Application) -> Void
  ) {
    self.title = title
    self.entries = entries
    self.names = (names ?? entries.map { $0.split(separator: " ").map(String.init) }).map { $0.map { $0.lowercased() } }
    hasNames = names != nil
    origin = min(current, max(entries.count - 1, 0))
    cursor = ListCursor(origin)
    self.choose = choose
  }

  package let hints = [KeyHint(.enter, "Choose"), KeyHint(.escape, "Cancel")]

  package func handle(_ key: Key, in app: Application) {
    if cursor.handle(key, count: entries.count) { return typed.forget() }
    let current = cursor.selected
    switch key {
    case .escape, .function(10): app.dismiss(self)
    case .character("q") where !hasNames: app.dismiss(self)
    case .enter:
      app.dismiss(self)
      if entries.indices.contains(current) { choose(current, app) }
    // Where nothing has that name, the bar does not stay where half of it has led.
    case .character(let character):
      cursor.select(typed.add(character, now: app.now, names, from: current) ?? origin, of: entries.count)
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
    let hint =
      typed.text.isEmpty ? (hasNames ? "type a number or a name" : "") : typed.text + (typed.isFound ? "" : ": none")
    if !hint.isEmpty {
      canvas.write(
        " \(hint) ", row: box.row + box.height - 1, column: box.column + 2, limit: box.width - 6,
        role: typed.isFound ? .dialogDim : .error)
    }
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
