/// Which subtrees may be operated on at all.

internal import Glibc
internal import SystemCalls

enum Subtree {
  /// Refuses init, kernel threads, crtop itself and its ancestors: stopping them would stop crtop.
  ///
  /// - Parameter isOwnJob: it must be an ancestor of crtop: the job that crtop was started by.
  static func refuseForbidden(_ pid: Int32, isOwnJob: Bool = false) throws(Problem) {
    var reader = ProcFileReader()
    guard pid > 0, let stat = (try? reader.read("/proc/\(pid)/stat")).flatMap({ ProcStat($0) }) else {
      throw Problem(errno: .noSuchProcess, what: "process \(pid)", why: "there is no such process")
    }
    let name = TaskName(pid: pid, comm: stat.comm)
    func refuse(_ why: String, _ remedy: String) -> Problem {
      Problem(task: name, errno: .invalidArgument, what: "the subtree", why: why, remedy: remedy)
    }
    if pid == 1 { throw refuse("process 1 keeps the system alive", "choose one of its descendants") }
    if stat.isKernelThread { throw refuse("it is a kernel thread", "choose a process") }
    var ancestor = getpid()
    while ancestor > 0 {
      if ancestor == pid && isOwnJob && pid != getpid() { return }
      if ancestor == pid {
        throw refuse("crtop itself runs inside it", "run crtop from another terminal, or choose a smaller subtree")
      }
      guard let next = (try? reader.read("/proc/\(ancestor)/stat")).flatMap({ ProcStat($0) }) else { break }
      ancestor = next.ppid
    }
    if isOwnJob { throw refuse("crtop was not started inside it", "leave out --self") }
  }
}
