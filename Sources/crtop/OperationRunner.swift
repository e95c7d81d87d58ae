/// Defines `OperationRunner`, which runs a checkpoint or restart from the command line: events out, signals in.

internal import ArgumentParser
internal import CLinux
internal import CheckpointRestart
internal import SystemCalls

/// Runs one operation to its end. The engine's thread only queues events: a terminal that does not take our output must
/// not lengthen the job's pause.
struct OperationRunner: ~Copyable {
  private let operation: String
  private let isJSON: Bool
  private let signals: SignalQueue
  private let events: EventQueue
  private let display: any ProgressDisplay

  /// - Throws: why signals cannot be watched; nothing has begun then.
  init(_ operation: String, isJSON: Bool) throws(Problem) {
    let signals: SignalQueue
    let events: EventQueue
    do throws(Errno) {
      events = try EventQueue()
      signals = try SignalQueue()
    } catch { throw error.problem("cannot watch for signals") }
    self.signals = signals
    self.events = events
    self.operation = operation
    self.isJSON = isJSON
    if isJSON {
      display = JSONDisplay()
    } else {
      display = TerminalDisplay.isPossible ? TerminalDisplay(operation) as any ProgressDisplay : PlainDisplay()
    }
  }

  /// Runs an operation that needs nothing afterwards.
  static func run(
    _ operation: String, isJSON: Bool, _ start: (_ onEvent: @escaping @Sendable (OperationEvent) -> Void) -> Operation
  ) throws(ExitCode) -> OperationSummary {
    let runner: OperationRunner
    do throws(Problem) { runner = try OperationRunner(operation, isJSON: isJSON) } catch {
      try Outcome.fail(operation, [error], isJSON: isJSON)
    }
    return try runner.run(start)
  }

  /// Starts the operation and waits for its end; reports everything but the success.
  ///
  /// - Throws: the exit status, when it was refused, failed or cancelled.
  func run(
    _ start: (_ onEvent: @escaping @Sendable (OperationEvent) -> Void) -> Operation
  ) throws(ExitCode) -> OperationSummary {
    let (events, display) = (events, display)
    let operation = start { event in
      // From its commit on the terminal is the job's: nothing of ours may be left there, or come later.
      if case .task(let progress) = event, progress.phase == .commit { display.close() }
      events.post(event)
    }
    while true {
      wait(milliseconds: 100)
      for signal in signals.takeAll() where signal.endsOperation { operation.cancel() }
      for event in events.takeAll() {
        switch event {
        case .done(let summary):
          operation.wait()
          display.close()
          if isJSON { try Output.json(.done(summary)) }
          return summary
        case .failed(let problems):
          operation.wait()
          display.close()
          try Outcome.fail(self.operation, problems, isJSON: isJSON)
        default: display.show(event)
        }
      }
      display.draw()
    }
  }

  /// Until a signal or an event arrives.
  private func wait(milliseconds: Int32) {
    var watched = [
      pollfd(fd: signals.descriptor, events: Int16(POLLIN), revents: 0),
      pollfd(fd: events.descriptor, events: Int16(POLLIN), revents: 0),
    ]
    unsafe _ = poll(&watched, 2, milliseconds)
  }
}
