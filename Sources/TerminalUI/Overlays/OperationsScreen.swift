/// Defines `OperationsScreen`, the list of `o`: operations that were done, that run and that wait.

internal import CheckpointRestart
internal import SystemCalls

package final class OperationsScreen: Overlay {
  private var cursor: ListCursor
  /// The bar follows the operation, not the row.
  private var selected: Int?

  /// Opens with the bar on what runs, else on what ended last.
  package init(in app: Application) {
    let all = app.operations.all
    let index = app.operations.running.flatMap { running in all.firstIndex { $0.id == running.id } } ?? all.count - 1
    cursor = ListCursor(index)
    selected = all.indices.contains(index) ? all[index].id : nil
  }

  package let hints = [
    KeyHint(.enter, "Tasks", rank: 1), KeyHint(.escape, "Back", rank: 1),
    KeyHint(.character("x"), "Cancel it", rank: 2, changes: true), KeyHint(.character("E"), "Errors", rank: 3),
  ]

  private func follow(_ all: [OperationModel]) {
    if let index = all.firstIndex(where: { $0.id == selected }) { cursor.select(index, of: all.count) }
  }

  package func handle(_ key: Key, in app: Application) {
    let all = app.operations.all
    follow(all)
    if cursor.handle(key, count: all.count) {
      selected = all.indices.contains(cursor.selected) ? all[cursor.selected].id : nil
      return
    }
    let current = all.indices.contains(cursor.selected) ? all[cursor.selected] : nil
    switch key {
    case .escape, .character("q"), .character("o"), .function(10): app.dismiss(self)
    case .character("E"): app.present(Pagers.errors(in: app))
    case .enter, .character("i"): if let current { app.present(Pagers.operation(current)) }
    case .character("x"), .delete:
      guard let current else { return }
      if current.isRunning || current.isQueued {
        app.cancel(operation: current.id)
      } else {
        app.tell("it has ended already", .information)
      }
    default: break
    }
  }

  package func handle(_ mouse: MouseEvent, in app: Application) {
    let all = app.operations.all
    switch mouse.kind {
    case .wheelUp: handle(.up, in: app)
    case .wheelDown: handle(.down, in: app)
    case .click, .doubleClick:
      guard let row = cursor.row(at: mouse, count: all.count) else { return }
      cursor.select(row, of: all.count)
      selected = all[row].id
      if mouse.kind == .doubleClick { handle(.enter, in: app) }
    }
  }

  package func draw(on canvas: inout Canvas, in area: Rect, app: Application) {
    let all = app.operations.all
    follow(all)
    Frame.draw(on: &canvas, area, title: "Operations" + (all.isEmpty ? "" : ": \(all.count)"))
    let inner = area.inset(rows: 1, columns: 1)
    guard !all.isEmpty else {
      canvas.write(
        app.isReadOnly ? "No operation: this crtop is read-only." : "No operation yet: D checkpoints the selected job.",
        row: inner.row, column: inner.column + 1,
        limit: inner.width - 2, role: .dialog)
      return
    }
    let foot = min(3, max(inner.height - 2, 0))
    let list = Rect(row: inner.row, column: inner.column, height: inner.height - foot, width: inner.width)
    let shown = cursor.show(in: list, count: all.count)
    for index in shown {
      let row = list.row + index - shown.lowerBound
      let role: Role = index == cursor.selected ? .selection : .dialog
      canvas.fill(Rect(row: row, column: list.column, height: 1, width: list.width), role: role)
      let used = canvas.write(
        Self.state(all[index], app), row: row, column: list.column + 1, limit: list.width - 2,
        role: index == cursor.selected ? .selection : OperationPanel.role(of: all[index]))
      let column = list.column + 1 + max(used, 12) + 1
      canvas.write(
        "\(Format.timeOfDay(all[index].time)) \(all[index].name)", row: row, column: column,
        limit: list.column + list.width - 1 - column, role: role)
    }
    let text = Self.describe(all[cursor.selected], app)
    for (offset, line) in wrap(text, width: inner.width - 2).prefix(foot).enumerated() {
      canvas.write(
        line, row: list.row + list.height + offset, column: inner.column + 1, limit: inner.width - 2, role: .dialogDim)
    }
  }

  /// One or two words, at most 12 columns.
  private static func state(_ operation: OperationModel, _ app: Application) -> String {
    switch operation.outcome {
    case .queued: return "waiting"
    case .cancelling: return "cancelling"
    case .done: return "done"
    case .failed: return operation.isCancelled ? "cancelled" : "FAILED"
    case .withdrawn: return "withdrawn"
    case .running:
      return "running \(Format.decimal(operation.fraction * 100, 0))%"
    }
  }

  private static func describe(_ operation: OperationModel, _ app: Application) -> String {
    if let summary = operation.summary { return summary }
    if operation.isQueued { return "Waits for its turn, as one operation runs at a time. File: \(operation.image)" }
    let speed = OperationPanel.speed(of: operation, app.now).map { ", \($0)" } ?? ""
    return "\(operation.name): \(Format.bytes(operation.done)) of \(Format.bytes(operation.total))\(speed), "
      + "since \(Format.duration(seconds: operation.elapsed(now: app.now))). File: \(operation.image)"
  }
}
