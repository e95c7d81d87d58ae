/// Defines `PromptLine`, the line in which a search or a filter is typed while the tree follows.

/// Takes text in the hint line; arrows and pages still move in the tree.
package final class PromptLine: Overlay {
  private let label: String
  private var field: TextField
  private let change: (String, Application) -> Bool
  private let undo: (Application) -> Void
  private let next: ((String, Application) -> Void)?
  private var isFound = true

  init(
    _ label: String, text: String, change: @escaping (String, Application) -> Bool,
    undo: @escaping (Application) -> Void, next: ((String, Application) -> Void)? = nil
  ) {
    self.label = label
    field = TextField(text)
    self.change = change
    self.undo = undo
    self.next = next
  }

  /// Search: the selection goes to the first match from where it is; Esc brings it back.
  package static func search(in app: Application) -> PromptLine {
    let before = app.model.selected
    return PromptLine(
      "Search: ", text: "",
      change: { text, app in
        app.searchPattern = text
        return app.model.search(text, skippingCurrent: false)
      },
      undo: { app in if let before { app.model.select(before) } },
      next: { text, app in _ = app.model.search(text, skippingCurrent: true) })
  }

  /// Filter: Enter keeps it, Esc takes it away.
  package static func filter(in app: Application) -> PromptLine {
    PromptLine(
      "Filter: ", text: app.model.filter,
      change: { text, app in
        app.model.filter = text
        return app.model.query.fault == nil && !app.model.rows.isEmpty
      },
      undo: { app in app.model.filter = "" })
  }

  package let isLine = true

  package var hints: [KeyHint] {
    (next == nil ? [] : [KeyHint(.function(3), "Next")]) + [KeyHint(.enter, "Done"), KeyHint(.escape, "Cancel")]
  }

  package func handle(_ key: Key, in app: Application) {
    switch key {
    // What cannot be understood stays to be mended: the tree does not follow it.
    case .enter: if ProcessQuery(field.text).fault == nil { app.dismiss(self) }
    case .escape:
      undo(app)
      app.dismiss(self)
    case .function(3): next?(field.text, app)
    case .up: app.perform(.up)
    case .down: app.perform(.down)
    case .pageUp: app.perform(.pageUp)
    case .pageDown: app.perform(.pageDown)
    default: if field.handle(key) { isFound = change(field.text, app) }
    }
  }

  package func draw(on canvas: inout Canvas, in area: Rect, app: Application) {
    let row = app.layout.hint.row
    canvas.fill(app.layout.hint, role: .strong)
    let used = canvas.write(label, row: row, column: 0, role: isFound ? .strong : .error)
    field.draw(on: &canvas, row: row, column: used, width: canvas.width - used - 12, focused: true)
    guard !isFound else { return }
    let complaint = ProcessQuery(field.text).fault ?? "not found"
    guard used + field.text.columns + complaint.columns + 3 > canvas.width else {
      return canvas.writeRight(complaint, row: row, column: used + 2, width: canvas.width - used - 3, role: .error)
    }
    // No room beside the text: above it.
    for (offset, line) in wrap(complaint, width: canvas.width).reversed().enumerated() where offset < row {
      canvas.fill(Rect(row: row - 1 - offset, column: 0, height: 1, width: canvas.width), role: .error)
      canvas.write(line, row: row - 1 - offset, column: 0, role: .error)
    }
  }
}
