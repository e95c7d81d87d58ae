/// The subcommand `ps`.

internal import ArgumentParser
internal import ProcessTree
internal import SystemCalls
internal import TerminalUI

struct Ps: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "List processes as a tree, with their states.",
    discussion:
      "Kernel threads are left out. How a zombie ended is shown in words, where the kernel tells it. On a terminal lines are cut to its width."
  )

  @Argument(help: "Only the subtree of this process.")
  var pid: Pid?

  @OptionGroup var format: FormatOption

  func run() throws {
    let tree: ProcessTree
    let shown: [ProcessRecord]
    do throws(Problem) {
      tree = try ProcessSampler().snapshot().tree.withoutKernelThreads()
      shown = try records(of: tree)
    } catch {
      try Outcome.fail("ps", [error], isJSON: format.isJSON)
    }
    if format.isJSON { return try Output.json(array: shown.map(\.json)) }
    let top = pid.map { tree.ancestors(of: $0.number).count } ?? 0
    let width = Output.width ?? .max
    let lines = shown.map { String(Self.line($0, depth: tree.ancestors(of: $0.pid).count - top).prefix(width)) }
    try Output.lines(["    PID STATE    THR   RSS USER     COMMAND"] + lines)
  }

  /// Parents before their children.
  private func records(of tree: ProcessTree) throws(Problem) -> [ProcessRecord] {
    guard let pid else { return tree.roots.flatMap { tree.subtree(of: $0.identity) } }
    guard let root = tree[pid.number] else {
      throw Problem(
        errno: .noSuchProcess, what: "there is no process \(pid.number)", why: "no process has this pid now",
        remedy: "list the processes with 'crtop ps'")
    }
    return tree.subtree(of: root.identity)
  }

  private static func line(_ process: ProcessRecord, depth: Int) -> String {
    let columns = [
      Column.right("\(process.pid)", 7), Column.left(process.state.word, 8), Column.right("\(process.threads)", 3),
      Column.right(Format.bytes(process.residentBytes), 5), Column.left(String(process.userName.prefix(8)), 8),
    ]
    let ending =
      if let status = process.exitStatus { " (\(status))" } else if process.hasDeadLeader { " (leader ended)" } else {
        ""
      }
    let name = process.state == .zombie ? process.comm : process.commandLine
    return columns.joined(separator: " ") + " " + String(repeating: "  ", count: depth) + name + ending
  }
}

extension ProcessRecord {
  /// An element of what `crtop ps --json` prints.
  fileprivate var json: JSON {
    var object: JSON = [
      "pid": JSON(pid), "ppid": JSON(ppid), "pgid": JSON(pgid), "sid": JSON(sid), "comm": JSON(comm),
      "state": JSON(state.rawValue), "threads": JSON(threads),
    ]
    if state == .zombie { object.append("exit_code", exitStatus.map { JSON($0.rawValue) } ?? .null) }
    object.append("user", JSON(userID))
    object.append("terminal", terminal.map { JSON($0) } ?? .null)
    object.append("resident_bytes", JSON(residentBytes))
    object.append("start_time", JSON(startTime))
    object.append("arguments", JSON(arguments))
    return object
  }
}
