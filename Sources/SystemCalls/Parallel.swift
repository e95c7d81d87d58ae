/// Defines `Parallel`, which spreads independent pieces of work over the processors.

internal import CLinux
internal import Glibc
internal import Synchronization

/// Plain threads that live for one loop: the work is blocking system calls, which Swift's tasks are not for.
public enum Parallel {
  /// How many threads work at once: one for each processor, at most 8.
  public static let processors = max(1, min(8, sysconf(Int32(_SC_NPROCESSORS_ONLN))))

  /// Calls `body` once for each index below `count`, in any order, on several threads at once; returns when all are done.
  ///
  /// - Parameter grain: fewer pieces than this are not worth a thread.
  public static func forEach(_ count: Int, grain: Int = 8, _ body: @escaping @Sendable (Int) -> Void) {
    let helpers = min(processors, count / max(grain, 1)) - 1
    let work = Work(count, body)
    var threads: [pthread_t] = []
    for _ in 0..<max(helpers, 0) {
      var handle = pthread_t()
      let argument = unsafe Unmanaged.passRetained(work)
      let failed = unsafe pthread_create(
        &handle, nil,
        { argument in
          guard let argument = unsafe argument else { return nil }
          unsafe Unmanaged<Work>.fromOpaque(argument).takeRetainedValue().run()
          return nil
        }, argument.toOpaque())
      if failed == 0 { threads.append(handle) } else { unsafe argument.release() }
    }
    work.run()
    for thread in threads { _ = pthread_join(thread, nil) }
  }

  private final class Work: Sendable {
    private let next = Atomic<Int>(0)
    private let count: Int
    private let body: @Sendable (Int) -> Void

    init(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
      self.count = count
      self.body = body
    }

    func run() {
      while true {
        let index = next.add(1, ordering: .relaxed).oldValue
        guard index < count else { return }
        body(index)
      }
    }
  }
}
