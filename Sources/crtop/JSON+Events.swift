/// The JSON objects that operations print, one a line. Their names and members are what scripts rely on.

internal import CheckpointRestart
internal import SystemCalls

extension JSON {
  /// An event as an object; `nil` for those that scripts learn otherwise, and for the last ones.
  static func event(_ progress: TaskProgress) -> JSON {
    [
      "event": "task", "pid": JSON(progress.task.pid), "comm": JSON(progress.task.comm),
      "phase": JSON(progress.phase.rawValue), "done": JSON(progress.done), "total": JSON(progress.total),
    ]
  }

  static func event(_ problem: Problem) -> JSON {
    var object: JSON = ["event": "error"]
    object.append(problem.task)
    object.append("code", JSON(problem.code))
    object.append("what", JSON(problem.what))
    object.append("why", JSON(problem.why))
    object.append("remedy", JSON(problem.remedy))
    return object
  }

  static func note(_ task: TaskName?, _ text: String) -> JSON {
    var object: JSON = ["event": "note"]
    object.append(task)
    object.append("text", JSON(text))
    return object
  }

  /// The last line of an operation that was done. A restart in a pid namespace of its own adds `root_outside`.
  static func done(_ summary: OperationSummary) -> JSON {
    [
      "event": "done", "operation": JSON(summary.operation), "image": JSON(summary.image), "root": JSON(summary.root),
      "tasks": JSON(summary.tasks), "threads": JSON(summary.threads), "zombies": JSON(summary.zombies),
      "bytes": JSON(summary.bytes), "pause_us": JSON(summary.pauseMicroseconds),
      "elapsed_us": JSON(summary.elapsedMicroseconds),
    ]
  }

  /// The last line of an operation that was not done.
  static func failed(_ operation: String, errors: Int) -> JSON {
    ["event": "failed", "operation": JSON(operation), "errors": JSON(errors)]
  }

  /// The machine's problems have no task: pid and comm are null then.
  private mutating func append(_ task: TaskName?) {
    append("pid", task.map { JSON($0.pid) } ?? .null)
    append("comm", task.map { JSON($0.comm) } ?? .null)
  }
}
