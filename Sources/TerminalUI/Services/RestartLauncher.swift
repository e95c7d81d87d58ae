/// Defines `RestartLauncher`, the restarts for which the program starts itself anew.

public import CheckpointRestart

/// What the screen cannot do in its own process: lend its terminal to a job, or be the first process of a pid namespace.
public protocol RestartLauncher: Sendable {
  /// The command line, the program's name included, that makes a restart in the foreground and stands for the job there.
  func foreground(_ request: RestartRequest, inNewPidNamespace: Bool) -> [String]
  /// Begins to restart a job of its own in a pid namespace of its own.
  func restartInNewPidNamespace(_ request: RestartRequest) -> any FollowedOperation
}

/// An operation of another process.
public protocol FollowedOperation: RunningOperation {
  /// A child of this process that lives as long as what it has made, and is to be reaped; 0: there is none.
  var process: Int32 { get }
  /// Tells its events until it has ended, and returns the last; to be called once, beside the event loop.
  func follow(_ onEvent: (OperationEvent) -> Void) -> OperationEvent
}
