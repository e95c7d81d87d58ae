/// Defines the screens of text: help, errors, operations.

internal import CheckpointRestart
internal import SystemCalls

package enum Pagers {
  /// Made from the key table.
  package static func help() -> Pager {
    Pager("Help") { app, width in
      var lines: [StyledLine] = []
      for section in app.keymap.sections {
        lines.append(StyledLine(section.title, .dialogTitle))
        for binding in section.bindings where !(app.isReadOnly && binding.changesSomething) {
          lines += helpLines(binding, width: width)
        }
        lines.append(StyledLine("", .dialog))
      }
      lines += wrap(
        KeyTable.notes.joined(separator: " "), width: width
      ).map { StyledLine($0, .dialog) }
      return lines
    }
  }

  private static func helpLines(_ binding: KeyBinding, width: Int) -> [StyledLine] {
    let keys = binding.keys.map(\.label).joined(separator: " ")
    let column = min(18, width / 2)
    let label = "  " + keys + String(repeating: " ", count: max(column - 2 - keys.columns, 1))
    return wrap(label + binding.help, width: width, indent: column).map { StyledLine($0, .dialog) }
  }

  /// All errors, the newest last; at first from the oldest one on that nobody has seen.
  package static func errors(in app: Application) -> Pager {
    let seen = app.errors.entries.dropLast(app.errors.unseen)
    app.errors.markSeen()
    return Pager(
      "Errors", start: { _, width in lines(seen, width).count },
      hints: [KeyHint(.character("s"), "Save as text", rank: 2)],
      onKey: { key, _, app in
        guard key == .character("s") else { return false }
        if app.errors.entries.isEmpty {
          app.tell("there is nothing to save")
        } else {
          app.present(ErrorExport.make(in: app))
        }
        return true
      },
      lines: { app, width in
        app.errors.markSeen()
        if app.errors.entries.isEmpty { return [StyledLine("Nothing has gone wrong.", .dialog)] }
        return Self.lines(app.errors.entries[...], width)
      })
  }

  private static func lines(_ entries: ArraySlice<ErrorEntry>, _ width: Int) -> [StyledLine] {
    entries.flatMap { entry in
      [StyledLine("\(Format.timeOfDay(entry.time)) \(entry.during)", .dialogTitle)]
        + problem(entry.problem, width: width)
    }
  }

  /// A problem in full.
  static func problem(_ problem: Problem, width: Int) -> [StyledLine] {
    let task = problem.task.map { "\($0.comm) (\($0.pid)): " } ?? ""
    var lines = wrap("  \(task)\(problem.what): \(problem.why) [\(problem.code)]", width: width, indent: 2).map {
      StyledLine($0, .dialog)
    }
    if !problem.remedy.isEmpty {
      lines += wrap("  Remedy: \(problem.remedy(.elsewhere))", width: width, indent: 2).map {
        StyledLine($0, .information)
      }
    }
    return lines
  }

  /// One operation with all its tasks, live while it runs.
  package static func operation(_ operation: OperationModel) -> Pager {
    Pager(operation.name) { app, width in
      guard let current = app.operations[operation.id] else {
        return [StyledLine("It is too long ago: only the last 50 operations are kept.", .dialog)]
      }
      return describe(current, app, width)
    }
  }

  private static func describe(_ operation: OperationModel, _ app: Application, _ width: Int) -> [StyledLine] {
    let elapsed = Format.duration(seconds: operation.elapsed(now: app.now))
    let state = operation.isQueued ? "\(operation.name) waits for its turn" : "\(operation.name) is running, \(elapsed)"
    let role = OperationPanel.role(of: operation)
    var lines = wrap(operation.summary ?? state, width: width, indent: 2).map { StyledLine($0, role) }
    if let speed = OperationPanel.speed(of: operation, app.now) { lines.append(StyledLine("  \(speed)", .information)) }
    for note in operation.notes {
      lines += wrap("  note: \(note)", width: width, indent: 4).map { StyledLine($0, .warning) }
    }
    // What concerns no single task.
    if case .failed(let problems) = operation.outcome {
      let shown = Set(operation.lines.compactMap(\.problem))
      for problem in problems where !shown.contains(problem) { lines += Self.problem(problem, width: width) }
    }
    lines.append(StyledLine("", .dialog))
    for line in operation.linesByUrgency {
      let bytes = line.total > 0 ? "  \(Format.bytes(line.done)) of \(Format.bytes(line.total))" : ""
      let phase = line.phase.map(\.rawValue) ?? "waiting"
      let share = line.total > 0 ? " \(Format.decimal(line.fraction * 100, 0))%" : ""
      lines.append(
        StyledLine("  \(line.task.comm) (\(line.task.pid))  \(phase)\(share)\(bytes)", line.isAtEnd ? .good : .dialog))
      if let problem = line.problem { lines += Self.problem(problem, width: width) }
    }
    return lines
  }
}
