/// Defines what subcommands have in common on the command line.

public import ArgumentParser
public import CheckpointImage
public import CheckpointRestart
internal import ProcessTree
internal import SystemCalls

/// A pid as an argument: a positive decimal number.
struct Pid: ExpressibleByArgument {
  let number: Int32

  init?(argument: String) {
    guard !argument.isEmpty, argument.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
      let number = Int32(argument), number > 0
    else { return nil }
    self.number = number
  }

  init(_ number: Int32) { self.number = number }

  /// The process that has the pid now; from here on a reused pid is noticed.
  func resolve() throws(Problem) -> (identity: TaskIdentity, name: TaskName) {
    let comm = (try? readText("/proc/\(number)/comm"))?.split(separator: "\n").first
    guard let process = ProcessIdentity(current: number) else {
      throw Problem(
        errno: .noSuchProcess, what: "there is no process \(number)", why: "no process has this pid now",
        remedy: "list the processes with 'crtop ps'")
    }
    return (
      TaskIdentity(pid: process.pid, startTime: process.startTime),
      TaskName(pid: process.pid, comm: comm.map(String.init) ?? "")
    )
  }
}

extension Compression: ExpressibleByArgument {}
extension AcceptedLoss: ExpressibleByArgument {}

/// The root of a subtree.
struct SubtreeArgument: ParsableArguments {
  @Argument(help: "The root task of the subtree.")
  var pid: Pid

  func resolve() throws(Problem) -> (identity: TaskIdentity, name: TaskName) { try pid.resolve() }
}

/// How a subcommand prints.
struct FormatOption: ParsableArguments {
  @Flag(name: .customLong("json"), help: "Print JSON on standard output, and nothing else there.")
  var isJSON = false
}

/// Losses that the user accepts.
struct AcceptOption: ParsableArguments {
  @Option(
    name: .customLong("accept"),
    help: ArgumentHelp("Accept this loss of exactness; may be given more than once.", valueName: "loss"))
  var losses: [AcceptedLoss] = []

  var set: Set<AcceptedLoss> { Set(losses) }
}
