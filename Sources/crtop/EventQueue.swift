/// Defines `EventQueue`, which carries events from the engine's thread to the main one.

internal import CLinux
internal import CheckpointRestart
internal import Synchronization
internal import SystemCalls

/// A queue with an eventfd(2) that is readable while events are waiting.
final class EventQueue: Sendable {
  private let waiting = Mutex<[OperationEvent]>([])
  private let wake: OwnedDescriptor

  init() throws(Errno) {
    wake = OwnedDescriptor(
      adopting: Int32(try rawSystemCall(Int(SYS_eventfd2), 0, Int(O_CLOEXEC | O_NONBLOCK))))
  }

  /// For poll(2). Valid as long as the queue lives.
  var descriptor: Int32 { wake.number }

  /// Adds an event, from any thread.
  func post(_ event: OperationEvent) {
    let isFirst = waiting.withLock { waiting in
      waiting.append(event)
      return waiting.count == 1
    }
    guard isFirst else { return }
    var one: UInt64 = 1
    // It can only fail when the counter is full, and then the reader is awake anyway.
    _ = try? systemCall { unsafe write(wake.number, &one, 8) }
  }

  /// Takes all events, in order.
  func takeAll() -> [OperationEvent] {
    var count: UInt64 = 0
    _ = try? systemCall { unsafe read(wake.number, &count, 8) }
    return waiting.withLock { waiting in
      defer { waiting.removeAll() }
      return waiting
    }
  }
}
