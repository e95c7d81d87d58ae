/// Defines `Pager`, a screen of text that can be scrolled and searched, in one part or several.

/// A part of a pager: its lines are made anew each time it is drawn, for a number of columns.
package struct PagerTab {
  var title: String
  var lines: (Application, Int) -> [StyledLine]
}

package final class Pager: Overlay {
  private let title: String
  private let tabs: [PagerTab]
  package private(set) var tab = 0
  /// The line that stands at the top at first, for a number of columns.
  private let start: (Application, Int) -> Int
  private var top: Int?
  private var height = 1
  /// As they were drawn last.
  private var shown: [StyledLine] = []
  private var pattern = ""
  private var found: Int?
  private var tabTargets: [Rect] = []
  /// Keys with a meaning besides moving and closing.
  private let onKey: (Key, Pager, Application) -> Bool
  private let onNews: (News, Application) -> Void
  private let extraHints: [KeyHint]

  package init(
    _ title: String, tabs: [PagerTab], start: @escaping (Application, Int) -> Int = { _, _ in 0 },
    hints: [KeyHint] = [],
    onKey: @escaping (Key, Pager, Application) -> Bool = { _, _, _ in false },
    onNews: @escaping (News, Application) -> Void = { _, _ in }
  ) {
    self.title = title
    self.tabs = tabs
    self.start = start
    extraHints = hints
    self.onKey = onKey
    self.onNews = onNews
  }

  /// A pager of one part.
  package convenience init(
    _ title: String, start: @escaping (Application, Int) -> Int = { _, _ in 0 }, hints: [KeyHint] = [],
    onKey: @escaping (Key, Pager, Application) -> Bool = { _, _, _ in false },
    onNews: @escaping (News, Application) -> Void = { _, _ in },
    lines: @escaping (Application, Int) -> [StyledLine]
  ) {
    self.init(
      title, tabs: [PagerTab(title: "", lines: lines)], start: start, hints: hints, onKey: onKey,
      onNews: onNews)
  }

  package var hints: [KeyHint] {
    [KeyHint(.escape, "Back", rank: 1)] + (tabs.count > 1 ? [KeyHint(.tab, "Next part", rank: 1)] : []) + extraHints
      + [
        KeyHint(.character("/"), "Search", rank: 2), KeyHint(.pageUp, "PageUp", rank: 3),
        KeyHint(.pageDown, "PageDown", rank: 3),
      ]
  }

  package func receive(_ news: News, in app: Application) { onNews(news, app) }

  package func handle(_ key: Key, in app: Application) {
    if onKey(key, self, app) { return }
    switch key {
    case .up, .control("p"): scroll(-1)
    case .down, .control("n"), .enter: scroll(1)
    case .pageUp, .control("b"): scroll(-max(height - 1, 1))
    case .pageDown, .control("f"), .character(" "): scroll(max(height - 1, 1))
    case .home, .character("g"): scroll(-shown.count)
    case .end, .character("G"): scroll(shown.count)
    case .tab, .right: turn(1)
    case .backTab, .left: turn(-1)
    case .character("/"), .function(3): search(app)
    case .character("n"): if !pattern.isEmpty && !find(pattern, after: found) { app.tell("not found: \(pattern)") }
    case .escape, .character("q"), .function(10), .function(1): app.dismiss(self)
    default: break
    }
  }

  package func handle(_ mouse: MouseEvent, in app: Application) {
    switch mouse.kind {
    case .wheelUp: scroll(-3)
    case .wheelDown: scroll(3)
    case .click, .doubleClick:
      if let index = tabTargets.firstIndex(where: { $0.contains(row: mouse.row, column: mouse.column) }) {
        turn(index - tab)
      }
    }
  }

  private func scroll(_ steps: Int) { top = max(min((top ?? 0) + steps, shown.count - height), 0) }

  private func turn(_ steps: Int) {
    guard tabs.count > 1, steps != 0 else { return }
    tab = (tab + steps + tabs.count) % tabs.count
    (top, found) = (0, nil)
  }

  // MARK: Search

  private func search(_ app: Application) {
    app.present(
      PromptLine(
        "Search: ",
        change: { [self] text, _ in
          pattern = text
          return text.isEmpty || find(text, after: nil)
        },
        undo: { [self] _ in (pattern, found) = ("", nil) },
        next: { [self] text, _ in _ = find(text, after: found) }))
  }

  /// Goes to the next line with the text, from the top of the screen or behind a line on; goes round.
  private func find(_ text: String, after line: Int?) -> Bool {
    let start = min(line.map { $0 + 1 } ?? top ?? 0, shown.count)
    let order = Array(shown.indices[start...]) + Array(shown.indices[..<start])
    guard let hit = order.first(where: { contains(shown[$0].text, text) }) else { return false }
    found = hit
    if hit < (top ?? 0) || hit >= (top ?? 0) + height { top = max(min(hit - height / 3, shown.count - height), 0) }
    return true
  }

  // MARK: Drawing

  package func draw(on canvas: inout Canvas, in area: Rect, app: Application) {
    Frame.draw(on: &canvas, area, title: title)
    var inner = area.inset(rows: 1, columns: 2)
    if tabs.count > 1, inner.height > 1 {
      drawTabs(on: &canvas, inner)
      (inner.row, inner.height) = (inner.row + 1, inner.height - 1)
    }
    shown = tabs[tab].lines(app, inner.width)
    height = inner.height
    let first = max(min(top ?? start(app, inner.width), shown.count - height), 0)
    top = first
    for (offset, line) in shown.dropFirst(first).prefix(height).enumerated() {
      let role = found == first + offset && contains(line.text, pattern) ? .selection : line.role
      canvas.write(line.text, row: inner.row + offset, column: inner.column, limit: inner.width, role: role)
    }
    Frame.drawMore(on: &canvas, area, above: first > 0, below: first + height < shown.count)
  }

  /// The titles of the parts in a row; where it is too narrow, only those from the current one on.
  private func drawTabs(on canvas: inout Canvas, _ inner: Rect) {
    let width = tabs.reduce(0) { $0 + $1.title.columns + 3 }
    var column = inner.column
    tabTargets = tabs.indices.map { index in
      let text = " \(tabs[index].title) "
      guard index >= tab || width <= inner.width, column < inner.column + inner.width else {
        return Rect(row: 0, column: 0, height: 0, width: 0)
      }
      let used = canvas.write(
        text, row: inner.row, column: column, limit: inner.column + inner.width - column,
        role: index == tab ? .choiceFocused : .dialogDim)
      defer { column += used + 1 }
      return Rect(row: inner.row, column: column, height: 1, width: used)
    }
  }
}
