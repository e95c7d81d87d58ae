/// A thread-group leader that has ended while other threads of its group live on: a zombie that nobody can wait for yet.

internal import CLinux
internal import ImageSchema
internal import SystemCalls
internal import Tracing

enum DeadLeader {
  /// What is left of it is its name and its exit code, which becomes the group's unless a thread ends the whole group.
  static func save(_ process: JobProcess, _ context: CheckpointContext) {
    process.image.deadLeader = true
    Credentials.saveDead(process)
    process.image.exitCode = process.stat.exitCode
    if process.stopSignal != 0 || process.driverStat.isStopped {
      // Field 52 of stat shows the stop signal then.
      context.refuse(
        process.problem(
          .notSupported, "its dead thread-group leader",
          why: "the group is stopped by job control, and the kernel does not show the leader's exit code meanwhile",
          remedy: "let the job go on (SIGCONT) before the checkpoint"))
    }
  }

  /// The new leader has made its threads: it takes its name and ends, and the first thread works in its place.
  ///
  /// It is let go before, since a tracer would not learn of its end (wait(2)); the other threads still die with crtop.
  static func end(
    _ process: RestartingProcess, _ context: RestartContext, _ scaffold: borrowing Scaffold
  ) throws(Problem) {
    guard let first = process.threads.first else { return }
    var calls = scaffold.newCalls(slot: process.slot)
    Zombies.takeName(process, &calls)
    Credentials.restoreDead(process, &calls)
    let status = UInt64(Zombies.ExitCode(status: process.image.exitCode).exitStatus)
    calls.call(Int(SYS_exit), status, expecting: .anything, naming: "end of the leader (exit)")
    context.created.append(first.traced)
    process.driver = first.traced
    try scaffold.release(process.leader, calls, stopSignal: process.stopSignal)
    var patience = Patience(seconds: 10)
    var reader = ProcFileReader(capacity: 4096)
    while let stat = (try? reader.read("/proc/\(process.pid)/stat")).flatMap({ ProcStat($0) }) {
      if stat.isZombie { return try context.progress(process, .zombie) }
      guard patience.pause() else { break }
    }
    throw Problem(task: process.name, errno: .ioError, what: "its dead thread-group leader", why: "it does not end")
  }
}
