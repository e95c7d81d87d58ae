/// Defines `PromptLine`, the line in which a search, a filter or a path is typed.

/// Takes text in the hint line.
package final class PromptLine: Overlay {
  private let label: String
  private var field: TextField
  private let change: (String, Application) -> Bool
  private let undo: (Application) -> Void
  private let next: ((String, Application) -> Void)?
  private let done: (String, Application) -> Void
  /// The text is a query of the tree, which follows it; arrows and pages still move there.
  private let isQuery: Bool
  private var isFound = true

  /// - Parameters:
  ///   - change: called as the text changes; whether there is what it says.
  ///   - undo: for Esc.
  ///   - done: for Enter.
  init(
    _ label: String, text: String = "", isQuery: Bool = false,
    change: @escaping (String, Application) -> Bool = { _, _ in true },
    undo: @escaping (Application) -> Void = { _ in }, next: ((String, Application) -> Void)? = nil,
    done: @escaping (String, Application) -> Void = { _, _ in }
  ) {
    self.label = label
    field = TextField(text)
    self.isQuery = isQuery
    self.change = change
    self.undo = undo
    self.next = next
    self.done = done
  }

  /// Search: the selection goes to the first match from where it is; Esc brings it back.
  package static func search(in app: Application) -> PromptLine {
    let before = app.model.selected
    return PromptLine(
      "Search: ", isQuery: true,
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
      "Filter: ", text: app.model.filter, isQuery: true,
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
    case .enter where fault == nil:
      app.dismiss(self)
      done(field.text, app)
    case .enter: break
    case .escape:
      undo(app)
      app.dismiss(self)
    case .function(3): next?(field.text, app)
    case .up where isQuery: app.perform(.up)
    case .down where isQuery: app.perform(.down)
    case .pageUp where isQuery: app.perform(.pageUp)
    case .pageDown where isQuery: app.perform(.pageDown)
    default: if field.handle(key) { isFound = change(field.text, app) }
    }
  }

  private var fault: String? { isQuery ? ProcessQuery(field.text).fault : nil }

  package func draw(on canvas: inout Canvas, in area: Rect, app: Application) {
    let row = app.layout.hint.row
    canvas.fill(app.layout.hint, role: .strong)
    let used = canvas.write(label, row: row, column: 0, role: isFound ? .strong : .error)
    field.draw(on: &canvas, row: row, column: used, width: canvas.width - used - 12, focused: true)
    guard !isFound else { return }
    let complaint = fault ?? "not found"
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
