/// Defines `ErrorLog`, all that went wrong since the start of the program.

package import SystemCalls

/// One entry.
package struct ErrorEntry: Sendable, Hashable {
  /// Seconds since 1970.
  package var time: Int64
  /// What was being done, such as `checkpoint of python3 (1234)`.
  package var during: String
  package var problem: Problem
}

/// The newest errors, at most 500.
package struct ErrorLog: Sendable {
  package private(set) var entries: [ErrorEntry] = []
  /// How many the user has not looked at.
  package private(set) var unseen = 0

  package init() {}

  package mutating func add(_ problem: Problem, during: String, time: Int64) {
    entries.append(ErrorEntry(time: time, during: during, problem: problem))
    unseen += 1
    if entries.count > 500 { entries.removeFirst(entries.count - 500) }
  }

  package mutating func markSeen() { unseen = 0 }

  /// All entries as text, the oldest first: time, what was done, task, what, why, remedy.
  package var text: String {
    entries.map { entry in
      let problem = entry.problem
      var lines = ["\(Format.date(entry.time)) \(entry.during)"]
      if let task = problem.task { lines.append("  task:   \(task.comm) (\(task.pid))") }
      lines += ["  what:   \(problem.what)", "  why:    \(problem.why) [\(problem.code)]"]
      if !problem.remedy.isEmpty { lines.append("  remedy: \(problem.remedy)") }
      return lines.joined(separator: "\n") + "\n"
    }.joined(separator: "\n")
  }
}
