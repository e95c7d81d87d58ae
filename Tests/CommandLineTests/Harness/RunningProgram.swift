/// Defines `RunningProgram`, an ordinary program as a job: its result is what it would have been without crtop.

internal import Glibc
import SystemCalls
import TestSupport

/// A program that runs in the directory of its sandbox, with standard output in the file `output`.
final class RunningProgram {
  let sandbox: Sandbox
  let pid: Int32
  private var process: ChildProcess?

  init(_ program: String, _ arguments: [String], in sandbox: Sandbox, environment: [String: String] = [:]) throws {
    self.sandbox = sandbox
    var streams = ChildProcess.Streams()
    streams.output = sandbox["output"]
    streams.errors = sandbox["complaints"]
    let started = try ChildProcess(
      program, arguments, streams: streams, environment: sandbox.environment.merging(environment) { $1 },
      ownSession: true, directory: sandbox.path)
    process = started
    pid = started.pid
  }

  deinit { sandbox.remember(pid) }

  /// What the program has printed.
  var output: String { (try? readText(sandbox["output"])) ?? "" }

  /// Waits until the program has used so much processor time, children not counted.
  func awaitWork(milliseconds: Int64, by comm: String? = nil) throws {
    try waitUntil("\(comm ?? "the program") to have worked for \(milliseconds) ms") {
      if let status = try self.process?.poll() { throw TestFailure("ended too early: \(status), \(self.complaints)") }
      return try subtree(self.pid).contains { task in
        guard comm == nil ? task.pid == self.pid : task.comm == comm,
          let line = StatLine("/proc/\(task.pid)/stat")
        else { return false }
        return (line.field(14) + line.field(15)) * 10 >= milliseconds
      }
    }
  }

  /// Checkpoint, kill, wait until all is gone, restart; so often.
  func goThrough(_ times: Int) throws {
    for round in 1...times {
      let image = sandbox["image-\(round)"]
      sandbox.remember(pid)
      try sandbox.crtopMust("checkpoint", "\(pid)", "-o", image, "--kill")
      try waitUntil("all tasks to be gone") {
        if let process = self.process { _ = try process.poll() } else { _ = try? reap(self.pid) }
        return try !isTaken(self.pid) && self.sandbox.processes().isEmpty
      }
      process = nil
      try sandbox.crtopMust("restart", image, "--detach")
    }
  }

  /// Waits for the end of the root task.
  func awaitEnd(seconds: Double = 60) throws -> ExitStatus {
    try eventually("the program to end", seconds: seconds) {
      if let process = self.process { return try process.poll() }
      return try reap(self.pid)
    }
  }

  /// What the program has printed on standard error.
  var complaints: String { (try? readText(sandbox["complaints"])) ?? "" }
}
