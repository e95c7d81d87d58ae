/// What `crtop show --json` prints of a process.

public import ImageSchema
public import SystemCalls

extension ImageProcess {
  /// An object with the members that `crtop ps --json` has for a live task.
  public var json: JSON {
    var object: JSON = [
      "pid": JSON(pid), "ppid": JSON(ppid), "pgid": JSON(pgid), "sid": JSON(sid), "comm": JSON(comm),
      "state": JSON(stateName), "threads": JSON(threads.count),
    ]
    if state == .zombie { object.append("exit_code", JSON(exitCode)) }
    return object
  }

  /// The state in a word.
  public var stateName: String {
    switch state {
    case .running: "running"
    case .stopped: "stopped"
    case .zombie: "zombie"
    case .UNRECOGNIZED(let number): "unknown (\(number))"
    }
  }
}
