/// Defines `Job`, a workload that runs in a sandbox: started, ready, checkpointed, restarted, asked for its verdict.

internal import CLinux
internal import Glibc
import SystemCalls
import TestSupport
import Testing

/// A running workload.
final class Job {
  let sandbox: Sandbox
  /// The directory that the workload reports to.
  let directory: String
  /// The root's pid, which a restart gives it again.
  let pid: Int32
  private var process: ChildProcess?

  /// Starts a workload and waits until it is ready.
  ///
  /// - Parameter user: without privileges; `nil`: the one that runs the tests.
  init(
    _ name: String, _ arguments: [String] = [], in sandbox: Sandbox, program: String = Programs.workloads,
    streams: ChildProcess.Streams = ChildProcess.Streams(), ownSession: Bool = true, user: UInt32? = nil
  ) throws {
    self.sandbox = sandbox
    directory = sandbox["job"]
    try makeDirectory(directory)
    let prefix = user.map { ["--as", "\($0)", program] } ?? []
    let process = try ChildProcess(
      user == nil ? program : Programs.workloads,
      prefix + [name, directory] + arguments, streams: streams, environment: sandbox.environment,
      ownSession: ownSession)
    self.process = process
    pid = process.pid
    try eventually("\(name) to be ready") {
      if let status = try process.poll() { throw TestFailure("\(name): \(status) before it was ready: \(self.report)") }
      return self.report.contains("ready") ? () : nil
    }
  }

  /// Starts a workload whose state cannot be checkpointed; `nil` where this machine does not offer such state.
  convenience init?(refused kind: String, in sandbox: Sandbox, streams: ChildProcess.Streams) throws {
    do {
      try self.init("refused", [kind], in: sandbox, streams: streams)
    } catch {
      guard "\(error)".contains("unavailable") else { throw error }
      return nil
    }
  }

  deinit { sandbox.remember(pid) }

  /// The lines that the workload has written.
  var report: [String] { ((try? readText("\(directory)/out")) ?? "").split(separator: "\n").map(String.init) }

  /// The subtree as it is now.
  func tasks() throws -> [TaskView] {
    sandbox.remember(pid)
    return try subtree(pid)
  }

  /// Checkpoints with `--kill`; then waits until every pid of the subtree is free again.
  @discardableResult
  func checkpointAndKill(to image: String, _ options: String...) throws -> [TaskView] {
    let tasks = try self.tasks()
    let outcome = try sandbox.crtop(["checkpoint", "\(pid)", "-o", image, "--kill"] + options)
    guard outcome.status == .exited(0) else { throw TestFailure("checkpoint: \(outcome.summary)") }
    try awaitEnd(of: tasks)
    return tasks
  }

  /// Restarts detached, and compares the subtree with what it was.
  func restart(from image: String, expecting tasks: [TaskView], _ options: String...) throws {
    let outcome = try sandbox.crtop(["restart", image, "--detach"] + options)
    guard outcome.status == .exited(0) else { throw TestFailure("restart: \(outcome.summary)") }
    let now = try self.tasks()
    #expect(now.map(\.description) == tasks.map(\.description), "the subtree is not as it was")
    #expect(traced(now) == [])
  }

  /// Waits until none of the pids is taken; reaps what became ours.
  func awaitEnd(of tasks: [TaskView]) throws {
    for task in tasks {
      try waitUntil("pid \(task.pid) (\(task.comm)) to be free") {
        if task.pid == self.process?.pid { _ = try self.process?.poll() }
        return !isTaken(task.pid)
      }
    }
    process = nil
  }

  /// Asks the workload whether all is right, and waits for it to end.
  func expectPass(seconds: Double = 40, sourceLocation: SourceLocation = #_sourceLocation) throws {
    let tasks = try self.tasks()
    try writeFile("\(directory)/verdict", "")
    let report = try eventually("the verdict; the tasks: \(tasks)", seconds: seconds) { () -> [String]? in
      let ended = try self.process?.poll() != nil || !isTaken(self.pid)
      let report = self.report  // read after that look: what has ended has written all
      if report.contains(where: { $0 == "PASS" || $0.hasPrefix("FAIL") }) { return report }
      return ended ? report + ["(ended without a verdict)"] : nil
    }
    #expect(
      report.filter { $0 != "ready" && $0 != "PASS" && !$0.hasPrefix("with") } == [], sourceLocation: sourceLocation)
    #expect(report.contains("PASS"), sourceLocation: sourceLocation)
    try awaitEnd(of: tasks)
    #expect(try sandbox.processes() == [], "tasks stay behind", sourceLocation: sourceLocation)
  }
}
