/// Defines `RunningProgram`, an ordinary program as a job: its result is what it would have been without crtop.

internal import Glibc
import SystemCalls
import TestSupport

/// A program that runs in the directory of its sandbox, with standard output in the file `output`.
final class RunningProgram {
  let sandbox: Sandbox
  let pid: Int32
  private var process: ChildProcess

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
      if let status = try self.process.poll() { throw TestFailure("ended too early: \(status), \(self.complaints)") }
      return try subtree(self.pid).contains { task in
        guard comm == nil ? task.pid == self.pid : task.comm == comm,
          let line = StatLine("/proc/\(task.pid)/stat")
        else { return false }
        return (line.field(14) + line.field(15)) * 10 >= milliseconds
      }
    }
  }

  /// Checkpoint, kill, wait until all is gone, restart in the foreground; so often.
  func goThrough(_ times: Int) throws {
    for round in 1...times {
      let image = sandbox["image-\(round)"]
      try sandbox.crtopMust("checkpoint", "\(pid)", "-o", image, "--kill")
      try sandbox.remember(image: image)
      try process.wait()
      try sandbox.awaitEnd()
      var streams = ChildProcess.Streams()
      streams.output = sandbox["events"]
      streams.errors = sandbox["errors"]
      removeFile(streams.output)
      process = try sandbox.startCrtop(["restart", image, "--json"], streams: streams)
      try waitUntil("the restart to be done") {
        let events = (try? readText(streams.output)) ?? ""
        if events.contains("\"event\":\"done\"") { return true }
        if let status = try self.process.poll() { throw TestFailure("restart: \(status): \(events)") }
        return false
      }
    }
  }

  /// Waits for the end of the program, or of the crtop that stands for it and passes its status on.
  func awaitEnd(seconds: Double = 60) throws -> ExitStatus { try process.wait(seconds: seconds) }

  /// What the program has printed on standard error.
  var complaints: String { (try? readText(sandbox["complaints"])) ?? "" }
}
