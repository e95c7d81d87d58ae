/// Defines `OperationReport`, through which a pipeline tells how far it is and learns that it is to stop.

internal import SystemCalls
internal import Synchronization

/// Shared between the operation's thread and whoever may cancel it.
final class OperationReport: Sendable {
  private let sink: @Sendable (OperationEvent) -> Void
  private let cancelled = Atomic<Bool>(false)

  init(_ sink: @escaping @Sendable (OperationEvent) -> Void) { self.sink = sink }

  var isCancelled: Bool { cancelled.load(ordering: .relaxed) }

  func cancel() { cancelled.store(true, ordering: .relaxed) }

  func event(_ event: OperationEvent) { sink(event) }

  func checkCancelled() throws(Problem) {
    guard isCancelled else { return }
    throw Problem(errno: .canceled, what: "the operation", why: "it was cancelled; nothing was changed")
  }
}
