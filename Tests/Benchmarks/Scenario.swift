/// Defines `Scenario`, a job to be measured, and how it is measured.

internal import Glibc
import SystemCalls
import TestSupport

/// A job and the times that are aimed at, in milliseconds: pause, checkpoint to tmpfs and to disk, restart.
struct Scenario {
  var name: String
  var workload: [String]
  var targets: (pause: Double?, tmpfs: Double, disk: Double, restart: Double)

  static let all = [
    Scenario(name: "small process", workload: ["counter"], targets: (1.5, 25, 25, 25)),
    Scenario(name: "200 tasks", workload: ["tree", "5", "200"], targets: (nil, 200, 250, 150)),
    Scenario(name: "1000 tasks", workload: ["tree", "6", "1000"], targets: (nil, 1000, 1200, 800)),
    Scenario(name: "200 threads", workload: ["many-threads", "200"], targets: (nil, 40, 40, 40)),
  ]

  /// Starts the job once; in each round takes a checkpoint, then one that kills the job, and restarts it.
  func measure(rounds: Int, place: String, directory: String) throws -> Row {
    let sandbox = try Sandbox(in: directory)
    let image = sandbox["image"]
    let job = try start(in: sandbox)
    let root = job.pid
    var row = Row(scenario: self, place: place)
    for _ in 0..<rounds {
      row.nothing.append(try time { try ChildProcess("/bin/true", []).wait() })
      let checkpoint = try timed(sandbox, "checkpoint", "\(root)", "-o", image, "--json")
      guard let done = try checkpoint.outcome.events().last, let pause = done["pause_us"]?.number else {
        throw TestFailure("no event of the end: \(checkpoint.outcome.summary)")
      }
      row.pause.append(pause)
      row.checkpoint.append(checkpoint.microseconds)
      let bytes = try readBytes(image)
      row.bytes = bytes.count
      row.write.append(try time { try writeAndSync(sandbox["copy"], bytes) })
      sandbox.remember(root)
      _ = try timed(sandbox, "checkpoint", "\(root)", "-o", image, "--kill")
      try job.wait()
      try sandbox.awaitEnd()
      row.restart.append(try timed(sandbox, "restart", image, "--detach").microseconds)
    }
    try finish(root, in: sandbox)
    return row
  }

  private func start(in sandbox: Sandbox) throws -> ChildProcess {
    try makeDirectory(sandbox["job"])
    let job = try ChildProcess(
      Programs.workloads, [workload[0], sandbox["job"]] + workload.dropFirst(), environment: sandbox.environment,
      ownSession: true)
    try waitUntil("\(name) to be ready") { ((try? readText(sandbox["job/out"])) ?? "").contains("ready") }
    return job
  }

  /// A figure of a job that is not right afterwards is no figure.
  private func finish(_ root: Int32, in sandbox: Sandbox) throws {
    try writeFile(sandbox["job/verdict"], "")
    try waitUntil("\(name) to end") { !isTaken(root) }
    let report = try readText(sandbox["job/out"])
    guard report.hasSuffix("PASS\n") && !report.contains("FAIL") else { throw TestFailure("\(name): \(report)") }
  }

  private func timed(_ sandbox: Sandbox, _ arguments: String...) throws -> (outcome: Outcome, microseconds: Int64) {
    let start = monotonicMicroseconds()
    let outcome = try sandbox.crtop(arguments)
    let end = monotonicMicroseconds()
    guard outcome.status == .exited(0) else { throw TestFailure("crtop \(arguments): \(outcome.summary)") }
    return (outcome, end - start)
  }

  private func time(_ body: () throws -> Void) rethrows -> Int64 {
    let start = monotonicMicroseconds()
    try body()
    return monotonicMicroseconds() - start
  }

  private func writeAndSync(_ path: String, _ bytes: [UInt8]) throws {
    try writeFile(path, bytes)
    let file = try OwnedDescriptor.open(path, O_RDONLY)
    _ = try systemCall { fsync(file.number) }
  }
}

/// exit(3).
func exitProgram(_ status: Int32) -> Never { exit(status) }
