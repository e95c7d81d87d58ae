/// Defines `Operation`, a checkpoint or restart that runs on a thread of its own.

internal import CLinux
internal import Glibc
internal import Synchronization
internal import SystemCalls

/// A running operation. Events come on the operation's own thread, in order; the last is `done` or `failed`.
public final class Operation: Sendable {
  private let report: OperationReport
  private let thread: Mutex<pthread_t?>

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
    if let handle { _ = pthread_join(handle, nil) }
  }

  private init(
    _ sink: @escaping @Sendable (OperationEvent) -> Void,
    _ body: @escaping @Sendable (OperationReport) throws(Problems) -> OperationSummary
  ) {
    let report = OperationReport(sink)
    self.report = report
    let work = Work {
      do throws(Problems) { sink(.done(try body(report))) } catch { sink(.failed(error.all)) }
    }
    var handle = pthread_t()
    let argument = unsafe Unmanaged.passRetained(work)
    let failed = unsafe pthread_create(
      &handle, nil,
      { argument in
        unsafe pthread_setname_np(pthread_self(), "crtop-engine")
        guard let argument = unsafe argument else { return nil }
        unsafe Unmanaged<Work>.fromOpaque(argument).takeRetainedValue().run()
        return nil
      }, argument.toOpaque())
    thread = Mutex(failed == 0 ? handle : nil)
    if failed != 0 {
      unsafe argument.release()
      sink(.failed([Errno(rawValue: failed).problem("cannot start the engine's thread")]))
    }
  }

  private final class Work: Sendable {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }
}
