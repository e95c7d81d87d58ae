/// Defines the screen of `i`: all about one process, its subtree, and whether that can be checkpointed.

internal import CheckpointRestart
package import ProcessTree
internal import SystemCalls

extension Pagers {
  private final class Preflight {
    var ticket = 0
    var result: Result<CheckReport, Problem>?
  }

  package static func details(of process: ProcessRecord, in app: Application) -> Pager {
    let preflight = Preflight()
    let check: (Application) -> Void = { app in
      preflight.ticket = app.ticket()
      preflight.result = nil
      app.services.background.run { [engine = app.services.engine, ticket = preflight.ticket] in
        .checked(
          ticket: ticket, Application.result { () throws(Problem) in try engine.check(process.taskIdentity) })
      }
    }
    check(app)
    return Pager(
      "\(process.comm) (\(process.pid))", hints: [KeyHint(.function(5), "Check again", rank: 2)],
      onKey: { key, _, app in
        guard key == .function(5) else { return false }
        check(app)
        return true
      },
      onNews: { news, _ in
        if case .checked(preflight.ticket, let result) = news { preflight.result = result }
      },
      lines: { app, width in
        guard let current = app.model.tree[process.identity] else {
          return [StyledLine("This process has ended.", .warning)]
        }
        return describe(current, width) + describe(preflight.result, width) + subtree(of: current, app, width)
          + threads(of: current, app, width)
      })
  }

  private static func describe(_ process: ProcessRecord, _ width: Int) -> [StyledLine] {
    let ended = process.exitStatus.map { ", \($0)" } ?? ""
    let dead = process.hasDeadLeader ? ", its leader has ended and other threads live on" : ""
    let pairs = [
      ("Command", process.commandLine),
      ("State", "\(process.state.word)\(ended)\(dead)"),
      ("Kinship", "parent \(process.ppid), group \(process.pgid), session \(process.sid)"),
      ("User", process.userName),
      ("Terminal", process.terminal ?? "none"),
      ("Memory", "\(Format.bytes(process.residentBytes)) resident, \(Format.bytes(process.virtualBytes)) virtual"),
      (
        "Time",
        Format.processorTime(ticks: process.cpuTicks, perSecond: clockTicksPerSecond)
          + ", \(Format.decimal(process.cpuPercent, 1)) % now, nice \(process.nice)"
      ),
      ("Cgroup", process.cgroup),
    ]
    return pairs.flatMap { label, text in
      wrap(label + String(repeating: " ", count: 10 - label.count) + text, width: width, indent: 10).map {
        StyledLine($0, .dialog)
      }
    }
  }

  private static func describe(_ result: Result<CheckReport, Problem>?, _ width: Int) -> [StyledLine] {
    var lines = [StyledLine("", .dialog)]
    switch result {
    case nil: lines.append(StyledLine("Can its subtree be checkpointed? Checking ...", .dialogDim))
    case .success(let report) where report.problems.isEmpty:
      lines.append(
        StyledLine("Its subtree can be checkpointed: about \(Format.bytes(report.memoryBytes)) of memory.", .good))
    case .success(let report):
      lines.append(
        StyledLine(
          "Its subtree cannot be checkpointed, for \(Format.count(report.problems.count, "reason")):", .error))
      for problem in report.problems { lines += Self.problem(problem, width: width) }
    case .failure(let problem):
      lines.append(StyledLine("Its subtree could not be checked:", .error))
      lines += Self.problem(problem, width: width)
    }
    return lines
  }

  private static func subtree(of process: ProcessRecord, _ app: Application, _ width: Int) -> [StyledLine] {
    let members = app.model.tree.subtree(of: process.identity)
    guard members.count > 1, let summary = SubtreeSummary(members) else { return [] }
    var lines = [
      StyledLine("", .dialog),
      StyledLine("Subtree: \(summary.counts), \(Format.bytes(summary.residentBytes))", .dialogTitle),
    ]
    for member in members {
      let ended = member.exitStatus.map { " (\($0))" } ?? ""
      lines.append(
        StyledLine("  \(member.pid)  \(member.state.word)\(ended)  \(member.commandLine)", .dialog))
    }
    return lines
  }

  private static func threads(of process: ProcessRecord, _ app: Application, _ width: Int) -> [StyledLine] {
    guard process.threads > 1, let threads = try? app.services.processes.threads(of: process.pid) else { return [] }
    return [StyledLine("", .dialog), StyledLine("Threads: \(threads.count)", .dialogTitle)]
      + threads.map { thread in
        let time = Format.processorTime(ticks: thread.cpuTicks, perSecond: clockTicksPerSecond)
        return StyledLine("  \(thread.tid)  \(thread.state.word)  \(time)  \(thread.comm)", .dialog)
      }
  }
}
