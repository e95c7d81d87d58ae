/// Defines `Summary`, the last line of an operation for people.

internal import CheckpointRestart
internal import TerminalUI

enum Summary {
  /// `3 tasks, 7 threads, 1 zombie`; zombies are counted among the tasks.
  static func size(tasks: Int, threads: Int, zombies: Int) -> String {
    let counts = [Format.count(tasks, "task"), Format.count(threads, "thread")]
    return (counts + (zombies > 0 ? [Format.count(zombies, "zombie")] : [])).joined(separator: ", ")
  }

  /// What was done, to what, where, how much, how long.
  static func line(_ summary: OperationSummary, after: AfterCheckpoint = .resume) -> String {
    let size = size(tasks: summary.tasks, threads: summary.threads, zombies: summary.zombies)
    let elapsed = Format.duration(microseconds: summary.elapsedMicroseconds)
    switch summary.operation {
    case "checkpoint":
      let fate =
        switch after {
        case .resume: "The job stood still for \(Format.duration(microseconds: summary.pauseMicroseconds)) and runs on."
        case .leaveFrozen: "The job is left frozen: 'crtop thaw \(summary.root)' lets it run on."
        case .kill: "The job was killed."
        }
      let image = summary.image == "-" ? "standard output" : Output.printable(summary.image)
      return "Checkpointed \(summary.root) to \(image): \(size), \(Format.bytes(summary.bytes)) in \(elapsed). \(fate)"
    case "restart":
      return "Restarted \(summary.root) from \(Output.printable(summary.image)): \(size) in \(elapsed)."
    default:
      return "\(summary.operation == "freeze" ? "Froze" : "Thawed") \(summary.root): \(size) in \(elapsed)."
    }
  }
}
