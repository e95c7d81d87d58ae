/// Defines `Problem`, the one error type of crtop: which task, what was tried, why it cannot be, what to do.

/// Names a task in messages; the pid alone may be reused, so the name of the program goes with it.
public struct TaskName: Sendable, Hashable {
  /// The thread id, in crtop's own pid namespace.
  public var pid: Int32
  /// The command name as in `/proc/PID/comm`, at most 15 bytes.
  public var comm: String

  /// Makes a name from its parts.
  public init(pid: Int32, comm: String) {
    self.pid = pid
    self.comm = comm
  }
}

/// One reason why an operation was refused or failed.
///
/// `what` is a clause that names the resource ("descriptor 5 is a socket"), `why` says what stands in the way, `remedy`
/// what the user can do. They are rendered in one place, `Problem.description`, and in the JSON events.
public struct Problem: Error, Sendable, Hashable {
  /// The task concerned; `nil` when the problem is the machine's or the image's.
  public var task: TaskName?
  /// The errno that the kernel gave, or the one that fits best (EBUSY, EINVAL as in the kernel series).
  public var errno: Errno
  /// What could not be done, naming the resource.
  public var what: String
  /// Why not.
  public var why: String
  /// What the user can do about it; empty where nothing is known to help.
  public var remedy: String

  /// Makes a problem from its parts.
  public init(task: TaskName? = nil, errno: Errno, what: String, why: String, remedy: String = "") {
    self.task = task
    self.errno = errno
    self.what = what
    self.why = why
    self.remedy = remedy
  }
}

extension Problem: CustomStringConvertible {
  /// The symbolic name, such as `EBUSY`.
  public var code: String { errno.symbol }

  /// One line: task, what, why, remedy.
  public var description: String {
    let subject = task.map { "\($0.comm) (\($0.pid)): " } ?? ""
    let advice = remedy.isEmpty ? "" : " Remedy: \(remedy)."
    return "\(subject)\(what): \(why) [\(code)].\(advice)"
  }
}
