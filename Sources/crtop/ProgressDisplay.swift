/// Defines `ProgressDisplay`, how an operation is seen while it runs, and its forms for programs and for log files.

internal import CheckpointRestart
internal import Synchronization
internal import SystemCalls
internal import TerminalUI

/// Shows the events of one operation, except the last one.
protocol ProgressDisplay: Sendable {
  func show(_ event: OperationEvent)
  /// Called at least ten times a second.
  func draw()
  /// Takes everything away that is not to stay; nothing is shown afterwards. May be called from any thread, and again.
  func close()
}

/// JSON on standard output: every event. Who stops reading does not stop the operation.
struct JSONDisplay: ProgressDisplay {
  func show(_ event: OperationEvent) {
    switch event {
    case .task(let progress): try? Output.json(.event(progress))
    case .note(let task, let text): try? Output.json(.note(task, text))
    case .tasks, .done, .failed: break
    }
  }

  func draw() {}
  func close() {}
}

/// Plain lines on standard error: a line for each phase of each task, two where memory moves.
final class PlainDisplay: ProgressDisplay {
  private struct State {
    var phases: [Int32: OperationPhase] = [:]
    var isClosed = false
  }

  private let state = Mutex(State())

  func show(_ event: OperationEvent) {
    state.withLock { state in
      guard !state.isClosed else { return }
      switch event {
      case .task(let progress): show(progress, &state)
      case .note(let task, let text): Output.note(Output.printable(task.map { "\($0.label): \(text)" } ?? text))
      case .tasks, .done, .failed: break
      }
    }
  }

  private func show(_ progress: TaskProgress, _ state: inout State) {
    let isNew = state.phases.updateValue(progress.phase, forKey: progress.task.pid) != progress.phase
    let isWhole = progress.total > 0 && progress.done == progress.total
    guard isNew || isWhole else { return }
    let amount =
      progress.total > 0 ? " \(Format.bytes(progress.done)) of \(Format.bytes(progress.total))" : ""
    Output.note("\(Output.printable(progress.task.label)): \(progress.phase.rawValue)\(amount)")
  }

  func draw() {}
  func close() { state.withLock { $0.isClosed = true } }
}

extension TaskName {
  /// `python3 (1234)`.
  var label: String { "\(comm) (\(pid))" }
}
