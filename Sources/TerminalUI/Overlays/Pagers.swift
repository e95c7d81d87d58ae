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
        for binding in section.bindings { lines += helpLines(binding, width: width) }
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

  /// All errors, the newest last.
  package static func errors(in app: Application) -> Pager {
    app.errors.markSeen()
    return Pager("Errors", startsAtEnd: true) { app, width in
      app.errors.markSeen()
      if app.errors.entries.isEmpty { return [StyledLine("Nothing has gone wrong.", .dialog)] }
      var lines: [StyledLine] = []
      for entry in app.errors.entries {
        lines.append(StyledLine("\(Format.timeOfDay(entry.time)) \(entry.during)", .dialogTitle))
        lines += problem(entry.problem, width: width)
      }
      return lines
    }
  }

  /// A problem in full.
  static func problem(_ problem: Problem, width: Int) -> [StyledLine] {
    let task = problem.task.map { "\($0.comm) (\($0.pid)): " } ?? ""
    var lines = wrap("  \(task)\(problem.what): \(problem.why) [\(problem.code)]", width: width, indent: 2).map {
      StyledLine($0, .dialog)
    }
    if !problem.remedy.isEmpty {
      lines += wrap("  Remedy: \(problem.remedy)", width: width, indent: 2).map { StyledLine($0, .information) }
    }
    return lines
  }

  /// What was done and what is going on, the newest last.
  package static func operations() -> Pager {
    Pager("Operations", startsAtEnd: true) { app, width in
      var lines: [StyledLine] = []
      for operation in app.history { lines += describe(operation, app, width) }
      if let operation = app.operation, operation.isRunning { lines += describe(operation, app, width) }
      return lines.isEmpty ? [StyledLine("No operation yet.", .dialog)] : lines
    }
  }

  private static func describe(_ operation: OperationModel, _ app: Application, _ width: Int) -> [StyledLine] {
    var lines: [StyledLine] = []
    let elapsed = Format.duration(seconds: operation.elapsed(now: app.now))
    let headline = operation.summary ?? "\(operation.kind.rawValue) of \(operation.subject) is running, \(elapsed)"
    let role: Role =
      switch operation.outcome {
      case .failed: operation.isCancelled ? .warning : .error
      case .done: .good
      default: .information
      }
    lines += wrap(headline, width: width, indent: 2).map { StyledLine($0, role) }
    for note in operation.notes {
      lines += wrap("  note: \(note)", width: width, indent: 4).map { StyledLine($0, .warning) }
    }
    for line in operation.linesByUrgency {
      let bytes = line.total > 0 ? "  \(Format.bytes(line.done)) of \(Format.bytes(line.total))" : ""
      let phase = line.phase.map(\.rawValue) ?? "waiting"
      lines.append(StyledLine("  \(line.task.comm) (\(line.task.pid))  \(phase)\(bytes)", .dialog))
      if let problem = line.problem { lines += Self.problem(problem, width: width) }
    }
    lines.append(StyledLine("", .dialog))
    return lines
  }
}
