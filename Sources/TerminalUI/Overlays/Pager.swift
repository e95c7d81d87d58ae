/// Defines `Pager`, a screen of text that can be scrolled.

/// Shows lines that are made anew each time it is drawn.
package final class Pager: Overlay {
  private let title: String
  /// Makes the lines for a number of columns.
  private let lines: (Application, Int) -> [StyledLine]
  private let startsAtEnd: Bool
  private var top: Int?
  private var height = 1
  private var count = 0
  /// Keys with a meaning besides moving and closing.
  private let onKey: (Key, Pager, Application) -> Bool
  private let onNews: (News, Application) -> Void
  private let extraHints: [KeyHint]

  package init(
    _ title: String, startsAtEnd: Bool = false, hints: [KeyHint] = [],
    onKey: @escaping (Key, Pager, Application) -> Bool = { _, _, _ in false },
    onNews: @escaping (News, Application) -> Void = { _, _ in },
    lines: @escaping (Application, Int) -> [StyledLine]
  ) {
    self.title = title
    self.startsAtEnd = startsAtEnd
    extraHints = hints
    self.onKey = onKey
    self.onNews = onNews
    self.lines = lines
  }

  package var hints: [KeyHint] {
    [KeyHint(.escape, "Back", rank: 1)] + extraHints
      + [KeyHint(.pageUp, "PageUp", rank: 3), KeyHint(.pageDown, "PageDown", rank: 3)]
  }

  package func receive(_ news: News, in app: Application) { onNews(news, app) }

  package func handle(_ key: Key, in app: Application) {
    if onKey(key, self, app) { return }
    switch key {
    case .up, .control("p"): scroll(-1)
    case .down, .control("n"), .enter: scroll(1)
    case .pageUp, .control("b"): scroll(-max(height - 1, 1))
    case .pageDown, .control("f"), .character(" "): scroll(max(height - 1, 1))
    case .home, .character("g"): scroll(-count)
    case .end, .character("G"): scroll(count)
    case .escape, .character("q"), .function(10), .function(1): app.dismiss(self)
    default: break
    }
  }

  private func scroll(_ steps: Int) { top = max(min((top ?? 0) + steps, count - height), 0) }

  package func draw(on canvas: inout Canvas, in area: Rect, app: Application) {
    Frame.draw(on: &canvas, area, title: title)
    let inner = area.inset(rows: 1, columns: 2)
    let lines = lines(app, inner.width)
    (height, count) = (inner.height, lines.count)
    let first = max(min(top ?? (startsAtEnd ? count : 0), count - height), 0)
    top = first
    for (offset, line) in lines.dropFirst(first).prefix(height).enumerated() {
      canvas.write(line.text, row: inner.row + offset, column: inner.column, limit: inner.width, role: line.role)
    }
    Frame.drawMore(on: &canvas, area, above: first > 0, below: first + height < count)
  }
}
