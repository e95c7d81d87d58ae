/// Defines how the screen has work done beside its event loop, and the news that comes back.

package import CheckpointImage
package import CheckpointRestart
internal import Glibc
package import SystemCalls

/// News for the event loop from other threads.
package enum News: Sendable {
  /// A snapshot has been taken.
  case sampled(Sample)
  /// A preflight has ended; the ticket tells for whom.
  case checked(ticket: Int, Result<CheckReport, Problem>)
  /// The places of images that are to be have been looked at; in the order of the question.
  case destinations(ticket: Int, [Result<DestinationReport, Problem>])
  /// A restart has been planned.
  case planned(ticket: Int, Result<RestartPlan, Problem>)
  case froze(root: TaskName, Result<OperationSummary, Problem>)
  case thawed(root: TaskName, Result<OperationSummary, Problem>)
  /// The list of images, why it may be short, and which of them have been verified before.
  case images([ImageEntry], Problem?, verified: [FileIdentity: Int64])
  /// A file has been looked at that is to be in the list.
  case opened(ImageEntry)
  /// What is in the images, in the order in which they were asked for.
  case contents(ticket: Int, Result<[ImageContent], Problem>)
  /// What /proc says of a task.
  case inspected(ticket: Int, [DetailSection])
  /// The file that was read, or `nil` for one that is damaged.
  case verified(path: String, FileIdentity?, Result<Void, Problem>)
  case deleted(path: String, Result<Void, Problem>)
  case operation(id: Int, OperationEvent)
  /// The program that has the terminal has stopped or ended.
  case guest(TerminalGuest.Change)
}

/// Runs blocking work elsewhere. `deliver` may be called from any thread.
package protocol Background: Sendable {
  /// Runs `work` on another thread and delivers what it returns.
  func run(_ work: @escaping @Sendable () -> News)
  func deliver(_ news: News)
}

/// A thread for each piece of work; news goes to a queue that wakes the event loop.
package final class ThreadedBackground: Background {
  private let queue: NewsQueue

  package init(queue: NewsQueue) { self.queue = queue }

  package func deliver(_ news: News) { queue.post(news) }

  package func run(_ work: @escaping @Sendable () -> News) {
    let box = unsafe Unmanaged.passRetained(Work(work: work, queue: queue))
    var thread = pthread_t()
    let error = unsafe pthread_create(&thread, nil, runWork, box.toOpaque())
    if error == 0 {
      pthread_detach(thread)
    } else {
      // No thread to be had: better a pause of the screen than no answer.
      unsafe box.takeRetainedValue().run()
    }
  }
}

/// One piece of work on its way to its thread.
private final class Work: Sendable {
  private let work: @Sendable () -> News
  private let queue: NewsQueue

  init(work: @escaping @Sendable () -> News, queue: NewsQueue) {
    self.work = work
    self.queue = queue
  }

  func run() { queue.post(work()) }
}

private func runWork(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
  guard let argument = unsafe argument else { return nil }
  unsafe Unmanaged<Work>.fromOpaque(argument).takeRetainedValue().run()
  return nil
}
