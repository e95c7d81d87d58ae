/// Defines `ImagesScreen`, the list of images: look into one, compare two, restart, verify, delete, open another.

internal import CheckpointRestart
internal import SystemCalls

/// The newest image stands first.
package final class ImagesScreen: Overlay {
  package private(set) var images: [ImageEntry] = []
  private var isLoading = true
  private var failure: Problem?
  private var cursor = ListCursor()
  /// Paths of tagged images.
  private var tagged: Set<String> = []

  /// To be selected when the list has come.
  private var wanted: String?
  package let hints: [KeyHint]

  package init(in app: Application) {
    hints = [KeyHint(.escape, "Back", rank: 1)] + app.keymap.hints(in: .images)
    load(app)
  }

  private func load(_ app: Application) {
    isLoading = true
    let opened = app.openedImages
    app.services.background.run { [images = app.services.images, memory = app.services.verifications] in
      let listed = Application.result { () throws(Problem) in try images.list() }
      var (found, problem): ([ImageEntry], Problem?) = ([], nil)
      switch listed {
      case .success(let images): found = images
      case .failure(let failure): problem = failure
      }
      for path in opened {
        let image = images.entry(path)
        // Gone by now, or in the store under this or another path.
        guard let identity = image.identity, !found.contains(where: { $0.identity == identity }) else { continue }
        found.append(image)
      }
      return .images(found, problem, verified: memory?.recall() ?? [:])
    }
  }

  private var current: ImageEntry? { images.indices.contains(cursor.selected) ? images[cursor.selected] : nil }

  /// The tagged images, else the selected one.
  private var chosen: [ImageEntry] {
    tagged.isEmpty ? [current].compactMap { $0 } : images.filter { tagged.contains($0.path) }
  }

  // MARK: Keys

  package func handle(_ key: Key, in app: Application) {
    if cursor.handle(key, count: images.count) { return }
    switch app.keymap.binding(for: key, in: .images)?.action {
    case .reloadImages: load(app)
    case .restartImage: restart(app)
    case .inspectImage: usable(current, app).map { app.present(ImagePagers.inspect($0, in: app)) }
    case .openImage: open(app)
    case .compareImages: compare(app)
    case .verifyImages: verify(app)
    case .deleteImages: delete(app)
    case .untagImages: tagged = []
    case .tagImage:
      guard let current else { return }
      if tagged.remove(current.path) == nil { tagged.insert(current.path) }
      _ = cursor.handle(.down, count: images.count)
    default: if [.escape, .character("q"), .function(10), .character("R")].contains(key) { app.dismiss(self) }
    }
  }

  private func open(_ app: Application) {
    app.present(
      PromptLine(
        "Open file: ",
        done: { text, app in
          guard !text.isEmpty else { return }
          app.services.background.run { [images = app.services.images, path = wholePath(text)] in
            .opened(images.entry(path))
          }
        }))
  }

  /// The image, unless it cannot be read: then that is said.
  private func usable(_ image: ImageEntry?, _ app: Application) -> ImageEntry? {
    guard let image, let problem = image.problem else { return image }
    app.report(problem, during: image.name)
    return nil
  }

  private func restart(_ app: Application) {
    guard current != nil else { return }
    if app.isReadOnly {
      app.tell("read-only: nothing can be restarted", .warning)
    } else if let image = usable(current, app) {
      app.present(RestartDialog.make(image, in: app))
    }
  }

  private func compare(_ app: Application) {
    guard tagged.count == 2 else {
      app.tell("tag the two images to be compared with Space, then press =", .information)
      return
    }
    let pair = chosen.compactMap { usable($0, app) }
    if pair.count == 2 { app.present(ImagePagers.compare(pair[0], pair[1], in: app)) }
  }

  private func verify(_ app: Application) {
    let memory = app.isReadOnly ? nil : app.services.verifications
    for image in chosen {
      app.verdicts.set(.running, for: image.path, image.identity)
      app.services.background.run { [images = app.services.images, time = app.services.clock.real] in
        let result = Application.result { () throws(Problem) in try images.verify(image.path) }
        let identity = try? result.get()
        memory?.remember(image.path, identity, at: time)
        return .verified(path: image.path, identity ?? image.identity, result.map { _ in () })
      }
    }
  }

  private func delete(_ app: Application) {
    let chosen = chosen
    guard !chosen.isEmpty else { return }
    guard !app.isReadOnly else { return app.tell("read-only: nothing can be deleted", .warning) }
    app.present(
      Dialogs.delete(chosen) { app in
        for image in chosen {
          app.services.background.run { [images = app.services.images] in
            .deleted(path: image.path, Application.result { () throws(Problem) in try images.delete(image.path) })
          }
        }
      })
  }

  package func handle(_ mouse: MouseEvent, in app: Application) {
    switch mouse.kind {
    case .wheelUp: _ = cursor.handle(.up, count: images.count)
    case .wheelDown: _ = cursor.handle(.down, count: images.count)
    case .click, .doubleClick:
      guard let row = cursor.row(at: mouse, count: images.count) else { return }
      cursor.select(row, of: images.count)
      if mouse.kind == .doubleClick { restart(app) }
    }
  }

  // MARK: News

  package func receive(_ news: News, in app: Application) {
    switch news {
    case .images(let found, let problem, let verified):
      app.verdicts.recall(verified)
      isLoading = false
      failure = problem
      if let problem { app.report(problem, during: "list of images") }
      let path = wanted ?? current?.path
      wanted = nil
      images = found.sorted { ($1.time, $0.path) < ($0.time, $1.path) }
      tagged.formIntersection(images.map(\.path))
      cursor.select(images.firstIndex { $0.path == path } ?? cursor.selected, of: images.count)
    case .opened(let image) where image.problem == nil:
      wanted = image.path
      load(app)
    case .deleted(let path, .success):
      app.verdicts.forget(path)
      app.tell("deleted \(path)", .good)
      load(app)
    case .deleted(let path, .failure(let problem)):
      app.report(problem, during: "deletion of \(path)")
      load(app)
    // An image may have come into being.
    case .operation(_, .done): load(app)
    default: break
    }
  }

  // MARK: Drawing

  package func draw(on canvas: inout Canvas, in area: Rect, app: Application) {
    let marks = tagged.isEmpty ? "" : ", \(tagged.count) tagged"
    Frame.draw(on: &canvas, area, title: "Images" + (images.isEmpty ? "" : ": \(images.count)\(marks)"))
    let inner = area.inset(rows: 1, columns: 1)
    guard !images.isEmpty else {
      let none =
        "There are no images yet" + (app.isReadOnly ? "." : ": D in the tree checkpoints the selected job.")
      let text = isLoading ? "Looking for images ..." : failure?.description ?? none
      for (offset, line) in wrap(text, width: inner.width - 2).enumerated() {
        canvas.write(line, row: inner.row + offset, column: inner.column + 1, role: .dialog)
      }
      return
    }
    let list = Rect(row: inner.row + 1, column: inner.column, height: inner.height - 3, width: inner.width)
    drawRow(
      on: &canvas, inner.row, inner, ["DATE", "AGE", "TASKS", "SIZE", "V", "HOST", "COMMAND"], role: .columnTitle)
    let shown = cursor.show(in: list, count: images.count)
    for index in shown {
      let image = images[index]
      let role: Role =
        if index == cursor.selected {
          .selection
        } else if tagged.contains(image.path) {
          .tagged
        } else {
          image.problem == nil ? .dialog : .error
        }
      let cells = [
        Format.date(image.time), Format.age(app.services.clock.real - image.time),
        image.tasks > 0 ? String(image.tasks) : "-", Format.bytes(image.bytes), mark(image, app), image.host,
        (tagged.contains(image.path) ? "* " : "") + (image.problem == nil ? "" : "unusable: ") + image.name,
      ]
      drawRow(on: &canvas, list.row + index - shown.lowerBound, inner, cells, role: role)
    }
    drawFoot(on: &canvas, inner, app)
  }

  /// One letter: verified, being verified, damaged, not known.
  private func mark(_ image: ImageEntry, _ app: Application) -> String {
    if image.problem != nil { return "!" }
    return switch app.verdicts[image] {
    case .verified: "v"
    case .running: "~"
    case .damaged: "!"
    case nil: "-"
    }
  }

  private func drawRow(on canvas: inout Canvas, _ row: Int, _ inner: Rect, _ cells: [String], role: Role) {
    canvas.fill(Rect(row: row, column: inner.column, height: 1, width: inner.width), role: role)
    // Narrow screens lose the host, then the date's seconds and the mark; the narrowest the date: its age tells.
    let width = inner.width
    let widths = [
      width >= 64 ? 19 : (width >= 50 ? 16 : 0), 4, 5, 5, width >= 50 ? 1 : 0, width >= 72 ? 12 : 0,
    ]
    var column = inner.column
    for (index, width) in widths.enumerated() where width > 0 {
      if (1...3).contains(index) {
        canvas.writeRight(cells[index], row: row, column: column, width: width, role: role)
      } else {
        canvas.write(cells[index].prefix(width == 16 ? 16 : .max), row: row, column: column, limit: width, role: role)
      }
      column += width + 1
    }
    canvas.write(cells[6], row: row, column: column, limit: inner.column + inner.width - column, role: role)
  }

  /// Under the list: the path, and what is known of the image.
  private func drawFoot(on canvas: inout Canvas, _ inner: Rect, _ app: Application) {
    guard let image = current else { return }
    let row = inner.row + inner.height - 2
    canvas.write(image.path, row: row, column: inner.column + 1, limit: inner.width - 2, role: .dialogDim)
    var text = "\(Format.count(image.tasks, "task")), \(Format.count(image.threads, "thread"))"
    if image.zombies > 0 { text += ", \(Format.count(image.zombies, "zombie"))" }
    text += ", root pid \(image.rootPid)"
    let line: StyledLine =
      switch app.verdicts[image] {
      case _ where image.problem != nil: StyledLine(Self.short(image.problem), .error)
      case .verified(let time): StyledLine("verified \(Format.date(time)): whole and unaltered; \(text)", .good)
      case .damaged(let problem): StyledLine(Self.short(problem), .error)
      case .running: StyledLine("verifying ...", .dialogDim)
      case nil: StyledLine(image.tasks > 0 ? text + "; not verified" : "", .dialogDim)
      }
    canvas.write(line.text, row: row + 1, column: inner.column + 1, limit: inner.width - 2, role: line.role)
  }

  private static func short(_ problem: Problem?) -> String {
    problem.map { "\($0.what): \($0.why) [\($0.code)]" } ?? ""
  }
}
