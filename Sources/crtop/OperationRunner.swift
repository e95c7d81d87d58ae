/// Defines `OperationRunner`, which runs a checkpoint or restart from the command line: events out, signals in.

internal import ArgumentParser
internal import CLinux
internal import CheckpointRestart
internal import SystemCalls

/// Runs one operation to its end. The engine's thread only queues events: a terminal that does not take our output must
/// not lengthen the job's pause.
struct OperationRunner {
  /// What is sent to crtop from now on.
  let signals: SignalQueue
  /// Those that came during the operation: if it was done, the job it started should have had them.
  private(set) var lateSignals: [ArrivedSignal] = []
  private let operation: String
  private let isJSON: Bool
  private let events: EventQueue
  private let display: any ProgressDisplay

  /// To be made before other threads are.
  ///
  /// - Throws: the exit status, when signals cannot be watched; nothing has begun then.
  init(_ operation: String, isJSON: Bool) throws(ExitCode) {
    self.operation = operation
    self.isJSON = isJSON
    do throws(Errno) {
      signals = try SignalQueue()
      events = try EventQueue()
    } catch {
      try Outcome.fail(operation, [error.problem("cannot watch for signals")], isJSON: isJSON)
    }
    if isJSON {
      display = JSONDisplay()
    } else {
      display = TerminalDisplay.isPossible ? TerminalDisplay(operation) as any ProgressDisplay : PlainDisplay()
    }
  }

  /// Starts the operation and waits for its end; reports everything but the success.
  ///
  /// - Parameters:
  ///   - givesTerminal: from its commit on the terminal is the job's.
  ///   - saysDone: print the last event; else somebody else does that.
  /// - Throws: the exit status, when it was refused, failed or cancelled.
  mutating func run(
    givesTerminal: Bool = false, saysDone: Bool = true,
    _ start: (_ onEvent: @escaping @Sendable (OperationEvent) -> Void) -> Operation
  ) throws(ExitCode) -> OperationSummary {
    let (events, display) = (events, display)
    let operation = start { event in
      // At once and not by way of the queue: nothing of ours may be left there, or come later.
      if givesTerminal, case .task(let progress) = event, progress.phase == .commit { display.close() }
      events.post(event)
    }
    while true {
      wait(milliseconds: 100)
      for signal in signals.takeAll() {
        if signal.endsOperation { operation.cancel() }
        lateSignals.append(signal)
      }
      for event in events.takeAll() {
        switch event {
        case .done(let summary):
          operation.wait()
          display.close()
          // It was done, whether anybody wants to read that or not.
          if isJSON && saysDone { try? Output.json(.done(summary)) }
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
