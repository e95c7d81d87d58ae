/// Defines `EngineThread`, one of the threads that the engine works on.

internal import Glibc
internal import SystemCalls

struct EngineThread: Sendable {
  private let handle: pthread_t

  /// Starts a thread.
  ///
  /// - Parameter name: up to 15 bytes (pthread_setname_np(3)).
  /// - Throws: EAGAIN where there may be no more threads.
  init(_ name: String, _ body: @escaping @Sendable () -> Void) throws(Errno) {
    var handle = pthread_t()
    let argument = unsafe Unmanaged.passRetained(Work(name, body))
    let failed = unsafe pthread_create(
      &handle, nil,
      { argument in
        guard let argument = unsafe argument else { return nil }
        let work = unsafe Unmanaged<Work>.fromOpaque(argument).takeRetainedValue()
        unsafe pthread_setname_np(pthread_self(), work.name)
        work.body()
        return nil
      }, argument.toOpaque())
    if failed != 0 {
      unsafe argument.release()
      throw Errno(rawValue: failed)
    }
    self.handle = handle
  }

  /// Blocks until it has ended.
  func join() { _ = pthread_join(handle, nil) }

  /// Runs `body` on a thread of its own, and waits for it. At the end the kernel lets go of every task that the thread has
  /// traced, also of those that sleep, without waking them (kernel/ptrace.c, exit_ptrace).
  static func tracing(_ body: () throws(Problem) -> Void) throws(Problem) {
    var failure: Problem?
    withoutActuallyEscaping(body) { body in
      // Nobody else runs it, and this thread waits.
      nonisolated(unsafe) let body = body
      let result = Failure()
      do throws(Errno) {
        try EngineThread("crtop-tracer") {
          do throws(Problem) { try unsafe body() } catch { result.problem = error }
        }.join()
        failure = result.problem
      } catch {
        failure = error.problem("cannot start the engine's thread")
      }
    }
    if let failure { throw failure }
  }

  private final class Work: Sendable {
    let name: String
    let body: @Sendable () -> Void
    init(_ name: String, _ body: @escaping @Sendable () -> Void) { (self.name, self.body) = (name, body) }
  }

  /// Written by a thread, read when it has been joined.
  private final class Failure: @unchecked Sendable {
    var problem: Problem?
  }
}
