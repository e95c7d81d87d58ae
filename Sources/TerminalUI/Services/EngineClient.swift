/// Defines `EngineClient`, what the screen needs of the engine, and the live one.

public import CheckpointRestart
public import SystemCalls

/// A started checkpoint or restart.
public protocol RunningOperation: Sendable {
  /// Asks for the end; the last event still comes.
  func cancel()
}

/// The engine as the screen sees it. `check`, `plan`, `freeze` and `thaw` may block and are called off the event loop; events
/// come on a thread of the engine's.
public protocol EngineClient: Sendable {
  func check(_ root: TaskIdentity, accepting losses: Set<AcceptedLoss>) throws(Problem) -> CheckReport
  /// What a restart would do and what stands in its way; nothing is made.
  func plan(_ request: RestartRequest) throws(Problem) -> RestartPlan
  func freeze(_ root: TaskIdentity) throws(Problem) -> OperationSummary
  func thaw(_ root: TaskIdentity) throws(Problem) -> OperationSummary
  func checkpoint(
    _ request: CheckpointRequest, onEvent: @escaping @Sendable (OperationEvent) -> Void
  ) -> any RunningOperation
  func restart(
    _ request: RestartRequest, onEvent: @escaping @Sendable (OperationEvent) -> Void
  ) -> any RunningOperation
}

extension Operation: RunningOperation {}

/// The engine of this program.
public struct LiveEngine: EngineClient {
  /// Has no state.
  public init() {}

  public func check(_ root: TaskIdentity, accepting losses: Set<AcceptedLoss>) throws(Problem) -> CheckReport {
    try Engine.check(root, acceptedLosses: losses)
  }
  public func plan(_ request: RestartRequest) throws(Problem) -> RestartPlan { try Engine.plan(request) }
  public func freeze(_ root: TaskIdentity) throws(Problem) -> OperationSummary { try Engine.freeze(root) }
  public func thaw(_ root: TaskIdentity) throws(Problem) -> OperationSummary { try Engine.thaw(root) }

  public func checkpoint(
    _ request: CheckpointRequest, onEvent: @escaping @Sendable (OperationEvent) -> Void
  ) -> any RunningOperation {
    Operation.checkpoint(request, onEvent: onEvent)
  }

  public func restart(
    _ request: RestartRequest, onEvent: @escaping @Sendable (OperationEvent) -> Void
  ) -> any RunningOperation {
    Operation.restart(request, onEvent: onEvent)
  }
}
