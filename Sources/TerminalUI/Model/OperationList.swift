/// Defines `OperationList`: the operation that runs, those that wait for their turn, and those that have ended.

package import CheckpointRestart

/// One runs at a time: two checkpoints side by side would share processors, disk and the memory for pages, and so make
/// both jobs stand still for longer.
package struct OperationList: Sendable {
  package private(set) var running: OperationModel?
  /// The next one first.
  package private(set) var queued: [OperationModel] = []
  /// The newest last, at most 50.
  package private(set) var ended: [OperationModel] = []
  /// Ended ones whose summary stays under the tree until it is dismissed.
  package private(set) var undismissed: [Int] = []

  package init() {}

  /// What stands in the panel: what runs, else what ended last and has not been dismissed.
  package var shown: OperationModel? { running ?? summaries.last }

  /// Ended and not yet dismissed.
  package var summaries: [OperationModel] { ended.filter { undismissed.contains($0.id) } }

  /// All there are, in the order in which they began or will begin.
  package var all: [OperationModel] { ended + (running.map { [$0] } ?? []) + queued }

  /// What the remedies of a failed checkpoint of this job have offered to accept: some things a check from outside does
  /// not see.
  package func lossesOffered(at root: TaskIdentity) -> Set<AcceptedLoss> { lossesOffered { $0.root == root } }

  /// The same for a restart from this image.
  package func lossesOffered(byRestartOf image: String) -> Set<AcceptedLoss> {
    lossesOffered { $0.kind == .restart && $0.image == image }
  }

  private func lossesOffered(_ isMeant: (OperationModel) -> Bool) -> Set<AcceptedLoss> {
    guard let last = ended.last(where: isMeant), case .failed(let problems) = last.outcome else { return [] }
    return last.acceptedLosses.union(problems.compactMap(\.acceptableLoss))
  }

  package subscript(id: Int) -> OperationModel? { all.first { $0.id == id } }

  package mutating func enqueue(_ operation: OperationModel) { queued.append(operation) }

  /// Begins the next if none runs; returns it.
  package mutating func beginNext(at now: Double) -> OperationModel? {
    guard running == nil, !queued.isEmpty else { return nil }
    var next = queued.removeFirst()
    next.begin(at: now)
    running = next
    return next
  }

  /// Takes one out of the queue; `false` if it does not wait there.
  package mutating func withdraw(_ id: Int, at now: Double) -> Bool {
    guard let index = queued.firstIndex(where: { $0.id == id }) else { return false }
    var operation = queued.remove(at: index)
    operation.withdraw(at: now)
    keep(operation)
    return true
  }

  /// The running one is to end.
  package mutating func markCancelling() { running?.markCancelling() }

  /// Takes in an event of the running one; returns it when that has ended it.
  package mutating func apply(_ event: OperationEvent, to id: Int, now: Double) -> OperationModel? {
    guard running?.id == id else { return nil }
    running?.apply(event, now: now)
    guard let operation = running, !operation.isRunning else { return nil }
    running = nil
    keep(operation)
    undismissed.append(id)
    return operation
  }

  /// Takes the summaries from the panel; they stay in `ended`.
  package mutating func dismiss() { undismissed = [] }

  private mutating func keep(_ operation: OperationModel) {
    ended.append(operation)
    if ended.count > 50 { ended.removeFirst(ended.count - 50) }
  }
}
