/// A writer killed at any instant leaves no image under the name that does not verify.

import CLinux
import CheckpointImage
import Glibc
import SystemCalls
import TestSupport
import Testing

@Suite(.serialized) struct KillTests {
  /// The writer dies again and again while it replaces an image by the next, with and without O_TMPFILE.
  @Test(.timeLimit(.minutes(1)), arguments: 0..<12) func anyInstant(_ turn: Int) async throws {
    let scratch = try Scratch()
    let path = scratch.file("job.crtop")
    let named = turn % 2 == 1
    let delay = turn * turn * 400
    await #expect(processExitsWith: .signal(SIGKILL)) {
      [path = path as String, named = named as Bool, delay = delay as Int] in
      let pages = noise(64)
      for count in 0... {
        var destination = try ImageDestination(path, named: named)
        var writer = try destination.writer()
        try writeSample(&writer, chunks: [(chunk(pages: 64, runs: [run(100, 0, pages: 64)]), pages)])
        _ = try writer.finish(pauseMicroseconds: 1)
        try destination.commit()
        guard count == 0 else { continue }
        Thread.detached {
          pause(microseconds: delay)
          kill(getpid(), SIGKILL)
        }
      }
    }
    // There was one before, and whoever replaced it was too late or had finished.
    let image = try ImageReader(path: path).verify()
    #expect(image.totals.pages == 64)
    // What else the dead left goes with the next one.
    let next = try ImageDestination(path)
    #expect(scratch.names.allSatisfy { $0 == "job.crtop" })
    _ = next.descriptor
  }
}

/// A thread that nobody waits for.
private enum Thread {
  static func detached(_ body: @escaping @Sendable () -> Void) {
    var thread = pthread_t()
    let box = unsafe Unmanaged.passRetained(Box(body))
    unsafe _ = pthread_create(
      &thread, nil,
      { argument in
        if let argument = unsafe argument { unsafe Unmanaged<Box>.fromOpaque(argument).takeRetainedValue().body() }
        return nil
      }, box.toOpaque())
  }

  private final class Box: Sendable {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
  }
}
