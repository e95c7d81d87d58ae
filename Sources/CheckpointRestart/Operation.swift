/// Defines `Operation`, a checkpoint or restart that runs on a thread of its own.

internal import Synchronization
internal import SystemCalls

/// A running operation. Events come on the operation's own thread, in order; the last is `done` or `failed`.
public final class Operation: Sendable {
  private let report: OperationReport
  private let thread: Mutex<EngineThread?>

  /// Starts a checkpoint.
  public static func checkpoint(
    _ request: CheckpointRequest, onEvent: @escaping @Sendable (OperationEvent) -> Void
  ) -> Operation {
    Operation(onEvent) { report throws(Problems) in try CheckpointPipeline(request: request, report: report).run() }
  }

  /// Starts a restart.
  public static func restart(
    _ request: RestartRequest, onEvent: @escaping @Sendable (OperationEvent) -> Void
  ) -> Operation {
    Operation(onEvent) { report throws(Problems) in try RestartPipeline(request: request, report: report).run() }
  }

  /// Asks the operation to stop and undo what it did; it ends with `failed` (ECANCELED), or `done` if it was too late.
  public func cancel() { report.cancel() }

  /// Blocks until the last event has been delivered.
  public func wait() {
    let handle = thread.withLock { thread in
      let handle = thread
      thread = nil
      return handle
    }
    handle?.join()
  }

  private init(
    _ sink: @escaping @Sendable (OperationEvent) -> Void,
    _ body: @escaping @Sendable (OperationReport) throws(Problems) -> OperationSummary
  ) {
    let report = OperationReport(sink)
    self.report = report
    do throws(Errno) {
      thread = Mutex(
        try EngineThread("crtop-engine") {
          do throws(Problems) { sink(.done(try body(report))) } catch { sink(.failed(error.all)) }
        })
    } catch {
      thread = Mutex(nil)
      sink(.failed([error.problem("cannot start the engine's thread")]))
    }
  }
}
