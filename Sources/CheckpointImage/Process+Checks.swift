/// What the format asks of a process, checked when it is written and when it is read.

internal import ImageSchema

extension ImageProcess {
  /// What is wrong with its place in the tree; `nil`: nothing.
  ///
  /// - Parameter pids: the processes before it.
  func fault(pids: Set<Int32>) -> String? {
    guard pid > 0, pid <= ImageLimits.maximumPid else { return "pid \(pid) cannot be" }
    guard !pids.contains(pid) else { return "process \(pid) is there twice" }
    guard ppid == 0 || pids.contains(ppid) else { return "process \(pid) stands before its parent \(ppid)" }
    return nil
  }
}
