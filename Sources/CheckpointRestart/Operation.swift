/// Defines `Operation`, a checkpoint or restart that runs on a thread of its own.

internal import SystemCalls

/// A running operation. Events come on the operation's own thread, in order; the last is `done` or `failed`.
public final class Operation: Sendable {
  /// Starts a checkpoint.
  public static func checkpoint(
    _ request: CheckpointRequest, onEvent: @escaping @Sendable (OperationEvent) -> Void
  ) -> Operation {
    onEvent(.failed([Problem(errno: .noFunction, what: "checkpoint", why: "the engine is not there yet")]))
    return Operation()
  }

  /// Starts a restart.
  public static func restart(
    _ request: RestartRequest, onEvent: @escaping @Sendable (OperationEvent) -> Void
  ) -> Operation {
    onEvent(.failed([Problem(errno: .noFunction, what: "restart", why: "the engine is not there yet")]))
    return Operation()
  }

  /// Asks the operation to stop and undo what it did; it ends with `failed` (ECANCELED), or `done` if it was too late.
  public func cancel() {}

  /// Blocks until the last event has been delivered.
  public func wait() {}
}
