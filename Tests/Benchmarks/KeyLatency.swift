/// Defines `KeyLatency`: how long the screen takes to answer a key, at rest and while a large job is checkpointed.

import SystemCalls
import TestSupport

enum KeyLatency {
  /// Opens and closes the help over and over: each is a key whose answer is seen in what the terminal gets.
  ///
  /// - Returns: a table; the figure aimed at is 50 ms.
  static func measure(mebibytes: Int, directory: String) throws -> String {
    let sandbox = try Sandbox(in: directory)
    try makeDirectory(sandbox["job"])
    let job = try ChildProcess(
      Programs.workloads, ["large", sandbox["job"], "\(mebibytes)"], environment: sandbox.environment, ownSession: true)
    try waitUntil("the job to be ready", seconds: 120) {
      ((try? readText(sandbox["job/out"])) ?? "").contains("ready")
    }
    let screen = try ScreenSession(["\(job.pid)"], width: 80, height: 24, in: sandbox)
    try screen.wait(for: "Quit")
    var rest: [Int64] = []
    for _ in 0..<30 { rest += try answers(screen) }
    try screen.press("D")
    try screen.wait(for: "passed")
    let start = monotonicMicroseconds()
    try screen.press("\r")
    try screen.wait(for: "Esc: cancel")
    var busy: [Int64] = []
    while !screen.hasShown("stood still") { busy += try answers(screen) }
    let seconds = Double(monotonicMicroseconds() - start) / 1e6
    try screen.quit()
    try writeFile(sandbox["job/verdict"], "")
    try job.wait(seconds: 120)
    guard try readText(sandbox["job/out"]).hasSuffix("PASS\n") else { throw TestFailure("the job is damaged") }
    return """
      | while | keys | median, ms | slowest, ms (50) |
      |---|---|---|---|
      \(row("nothing is done", rest))
      \(row("\(mebibytes) MiB are checkpointed, \(Int((seconds * 10).rounded()))/10 s", busy))
      """
  }

  private static func answers(_ screen: ScreenSession) throws -> [Int64] {
    try [("h", "Jobs: the selected"), ("q", "COMMAND")].map { key, answer in
      let start = monotonicMicroseconds()
      try screen.press(key)
      try screen.wait(for: answer)
      return monotonicMicroseconds() - start
    }
  }

  private static func row(_ what: String, _ times: [Int64]) -> String {
    let sorted = times.sorted()
    let median = Row.tenths(Double(sorted[sorted.count / 2]) / 1000)
    let slowest = Double(sorted.last ?? 0) / 1000
    return "| \(what) | \(times.count) | \(median) | \(Row.tenths(slowest))\(slowest > 50 ? " MISSED" : "") |"
  }
}
