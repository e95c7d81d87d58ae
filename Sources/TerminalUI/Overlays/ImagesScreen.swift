/// Defines `ImagesScreen`, the list of images, of which one can be restarted, verified or deleted.

internal import CheckpointRestart
internal import SystemCalls

/// The newest image stands first.
package final class ImagesScreen: Overlay {
  package private(set) var images: [ImageEntry] = []
  private var isLoading = true
  private var failure: Problem?
  private var selected = 0
  private var top = 0
  private var rowsArea = Rect(row: 0, column: 0, height: 0, width: 0)
  /// What verification has said, by path.
  private var verdicts: [String: StyledLine] = [:]

  package init(in app: Application) { load(app) }

  package let hints = [
    KeyHint(.enter, "Restart", rank: 1), KeyHint(.escape, "Back", rank: 1), KeyHint(.character("v"), "Verify", rank: 2),
    KeyHint(.delete, "Delete", rank: 2), KeyHint(.function(5), "Reload", rank: 4),
  ]

  private func load(_ app: Application) {
    isLoading = true
    app.services.background.run { [images = app.services.images] in
      .images(Application.result { () throws(Problem) in try images.list() })
    }
  }

  private var current: ImageEntry? { images.indices.contains(selected) ? images[selected] : nil }

  package func handle(_ key: Key, in app: Application) {
    let page = max(rowsArea.height - 1, 1)
    switch key {
    case .up, .control("p"): move(-1)
    case .down, .control("n"): move(1)
    case .pageUp: move(-page)
    case .pageDown: move(page)
    case .home: move(-images.count)
    case .end: move(images.count)
    case .escape, .character("q"), .function(10), .character("R"): app.dismiss(self)
    case .function(5), .character("r"): load(app)
    case .enter: restart(app)
    case .character("v"): verify(app)
    case .delete, .character("x"), .character("d"): delete(app)
    default: break
    }
  }

  private func move(_ steps: Int) { selected = min(max(selected + steps, 0), max(images.count - 1, 0)) }

  private func restart(_ app: Application) {
    guard let image = current else { return }
    if app.isReadOnly {
      app.tell("read-only: nothing can be restarted", .warning)
    } else if let problem = image.problem {
      app.report(problem, during: "restart of \(image.name)")
    } else if app.operation?.isRunning == true {
      app.tell("an operation is running: wait for it, or cancel it with Esc", .warning)
    } else {
      app.present(RestartDialog.make(image))
    }
  }

  private func verify(_ app: Application) {
    guard let image = current else { return }
    verdicts[image.path] = StyledLine("verifying ...", .dialogDim)
    app.services.background.run { [images = app.services.images] in
      .verified(path: image.path, Application.result { () throws(Problem) in try images.verify(image.path) })
    }
  }

  private func delete(_ app: Application) {
    guard let image = current else { return }
    guard !app.isReadOnly else { return app.tell("read-only: nothing can be deleted", .warning) }
    app.present(
      Dialogs.delete(image) { app in
        app.services.background.run { [images = app.services.images] in
          .deleted(path: image.path, Application.result { () throws(Problem) in try images.delete(image.path) })
        }
      })
  }

  package func receive(_ news: News, in app: Application) {
    switch news {
    case .images(.success(let found)):
      isLoading = false
      failure = nil
      let path = current?.path
      images = found.sorted { ($1.time, $0.path) < ($0.time, $1.path) }
      selected = images.firstIndex { $0.path == path } ?? min(selected, max(images.count - 1, 0))
    case .images(.failure(let problem)):
      isLoading = false
      failure = problem
      app.report(problem, during: "list of images")
    case .verified(let path, .success): verdicts[path] = StyledLine("verified: whole and unaltered", .good)
    case .verified(let path, .failure(let problem)):
      verdicts[path] = StyledLine("\(problem.what): \(problem.why) [\(problem.code)]", .error)
      app.report(problem, during: "verification of \(path)")
    case .deleted(let path, .success):
      app.tell("deleted \(path)", .good)
      load(app)
    case .deleted(let path, .failure(let problem)):
      app.report(problem, during: "deletion of \(path)")
      load(app)
    default: break
    }
  }

  package func handle(_ mouse: MouseEvent, in app: Application) {
    switch mouse.kind {
    case .wheelUp: move(-1)
    case .wheelDown: move(1)
    case .click, .doubleClick:
      let row = top + mouse.row - rowsArea.row
      guard rowsArea.contains(row: mouse.row, column: mouse.column), images.indices.contains(row) else { return }
      selected = row
      if mouse.kind == .doubleClick { restart(app) }
    }
  }

  package func draw(on canvas: inout Canvas, in area: Rect, app: Application) {
    Frame.draw(on: &canvas, area, title: "Images" + (images.isEmpty ? "" : ": \(images.count)"))
    let inner = area.inset(rows: 1, columns: 1)
    rowsArea = Rect(row: inner.row + 1, column: inner.column, height: inner.height - 3, width: inner.width)
    guard !images.isEmpty else {
      let text = isLoading ? "Looking for images ..." : failure?.description ?? "There are no images yet."
      for (offset, line) in wrap(text, width: inner.width - 2).enumerated() {
        canvas.write(line, row: inner.row + offset, column: inner.column + 1, role: .dialog)
      }
      return
    }
    drawRow(on: &canvas, inner.row, ["DATE", "TASKS", "SIZE", "HOST", "COMMAND"], role: .columnTitle)
    top = max(min(max(top, selected - rowsArea.height + 1), selected), 0)
    for line in 0..<rowsArea.height where images.indices.contains(top + line) {
      let image = images[top + line]
      let role: Role = top + line == selected ? .selection : (image.problem == nil ? .dialog : .error)
      let cells = [
        Format.date(image.time), image.tasks > 0 ? String(image.tasks) : "-", Format.bytes(image.bytes), image.host,
        (image.problem == nil ? "" : "unusable: ") + image.name,
      ]
      drawRow(on: &canvas, rowsArea.row + line, cells, role: role)
    }
    drawFoot(on: &canvas, inner)
  }

  private func drawRow(on canvas: inout Canvas, _ row: Int, _ cells: [String], role: Role) {
    let inner = rowsArea
    canvas.fill(Rect(row: row, column: inner.column, height: 1, width: inner.width), role: role)
    // Narrow screens lose the host, then the seconds.
    let widths = [inner.width >= 50 ? 19 : 16, 5, 5, inner.width >= 64 ? 12 : 0]
    var column = inner.column
    for (cell, width) in zip(cells, widths) where width > 0 {
      let isNumber = width == 5
      if isNumber {
        canvas.writeRight(cell, row: row, column: column, width: width, role: role)
      } else {
        canvas.write(width == 16 ? String(cell.prefix(16)) : cell, row: row, column: column, limit: width, role: role)
      }
      column += width + 1
    }
    canvas.write(cells[4], row: row, column: column, limit: inner.column + inner.width - column, role: role)
  }

  /// Under the list: the path, and what is known of the image.
  private func drawFoot(on canvas: inout Canvas, _ inner: Rect) {
    guard let image = current else { return }
    let row = inner.row + inner.height - 2
    canvas.write(image.path, row: row, column: inner.column + 1, limit: inner.width - 2, role: .dialogDim)
    var line = StyledLine("", .dialog)
    if let problem = image.problem {
      line = StyledLine("\(problem.what): \(problem.why) [\(problem.code)]", .error)
    } else if let verdict = verdicts[image.path] {
      line = verdict
    } else if image.tasks > 0 {
      var text = "\(Format.count(image.tasks, "task")), \(Format.count(image.threads, "thread"))"
      if image.zombies > 0 { text += ", \(Format.count(image.zombies, "zombie"))" }
      line = StyledLine(text + ", root pid \(image.rootPid)", .dialogDim)
    }
    canvas.write(line.text, row: row + 1, column: inner.column + 1, limit: inner.width - 2, role: line.role)
  }
}
