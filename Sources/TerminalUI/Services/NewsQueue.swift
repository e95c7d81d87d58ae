/// Defines `NewsQueue`, which carries news from other threads to the event loop and wakes it.

internal import CLinux
internal import Glibc
internal import Synchronization
package import SystemCalls

/// A queue with an eventfd(2) that is readable while news is waiting.
package final class NewsQueue: Sendable {
  private let waiting = Mutex<[News]>([])
  private let wake: OwnedDescriptor

  package init() throws(Errno) {
    wake = OwnedDescriptor(
      adopting: Int32(try rawSystemCall(Int(SYS_eventfd2), 0, Int(O_CLOEXEC | O_NONBLOCK))))
  }

  /// Becomes readable when there is news; for poll(2). Valid as long as the queue lives.
  package var descriptor: Int32 { wake.number }

  /// Adds news, from any thread.
  package func post(_ news: News) {
    let wasEmpty = waiting.withLock { waiting in
      waiting.append(news)
      return waiting.count == 1
    }
    guard wasEmpty else { return }
    var one: UInt64 = 1
    // It can only fail when the counter is full, and then the loop is awake anyway.
    _ = try? systemCall { unsafe write(wake.number, &one, 8) }
  }

  /// Takes all news, in order.
  package func takeAll() -> [News] {
    var count: UInt64 = 0
    _ = try? systemCall { unsafe read(wake.number, &count, 8) }
    return waiting.withLock { waiting in
      defer { waiting.removeAll(keepingCapacity: true) }
      return waiting
    }
  }
}
