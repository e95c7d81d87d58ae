/// Defines the screen of `i`: all about one process, and what each thing means for a checkpoint.

internal import CheckpointRestart
package import ProcessTree
internal import SystemCalls

extension Pagers {
  /// What the engine and /proc have said so far.
  private final class Knowledge {
    var ticket = 0
    var check: Result<CheckReport, Problem>?
    var sections: [DetailSection]?

    /// Problems of this one task.
    func problems(of pid: Int32) -> [Problem] {
      guard case .success(let report) = check else { return [] }
      return report.problems.filter { $0.task?.pid == pid }
    }
  }

  private static let parts = ["Files", "Memory", "Signals", "Timers", "Limits", "Namespaces"]

  package static func details(of process: ProcessRecord, in app: Application) -> Pager {
    let knowledge = Knowledge()
    look(at: process, knowledge, app)
    let first = PagerTab(title: "Task") { app, width in
      guard let current = app.model.tree[process.identity] else {
        return [StyledLine("This process has ended.", .warning)]
      }
      return describe(current, width) + describe(knowledge.check, width) + subtree(of: current, app, width)
        + threads(of: current, app, width)
    }
    return Pager(
      "\(process.comm) (\(process.pid))",
      tabs: [first]
        + parts.map { title in
          PagerTab(title: title) { _, width in describe(title, knowledge, process.pid, width) }
        },
      hints: [KeyHint(.function(5), "Check again", rank: 2)],
      onKey: { key, _, app in
        guard key == .function(5) else { return false }
        look(at: process, knowledge, app)
        return true
      },
      onNews: { news, _ in
        switch news {
        case .checked(knowledge.ticket, let result): knowledge.check = result
        case .inspected(knowledge.ticket, let sections): knowledge.sections = sections
        default: break
        }
      })
  }

  /// Asks the engine and reads /proc, both beside the event loop and without stopping anything.
  private static func look(at process: ProcessRecord, _ knowledge: Knowledge, _ app: Application) {
    knowledge.ticket = app.ticket()
    (knowledge.check, knowledge.sections) = (nil, nil)
    let ticket = knowledge.ticket
    app.services.background.run { [engine = app.services.engine] in
      .checked(
        ticket: ticket,
        Application.result { () throws(Problem) in try engine.check(process.taskIdentity, accepting: []) })
    }
    app.services.background.run { [inspector = app.services.inspector] in
      .inspected(ticket: ticket, inspector.sections(of: process.identity))
    }
  }

  // MARK: The task

  private static func describe(_ process: ProcessRecord, _ width: Int) -> [StyledLine] {
    let ended = process.exitStatus.map { ", \($0)" } ?? ""
    let dead = process.hasDeadLeader ? ", its leader has ended and other threads live on" : ""
    let frozen = process.state == .frozen ? " by \(process.freezerOwner)" : ""
    let pairs = [
      ("Command", process.commandLine),
      ("State", "\(process.state.word)\(frozen)\(ended)\(dead)"),
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

  // MARK: The parts

  private static func describe(_ title: String, _ knowledge: Knowledge, _ pid: Int32, _ width: Int) -> [StyledLine] {
    guard let sections = knowledge.sections else { return [StyledLine("Reading ...", .dialogDim)] }
    guard let section = sections.first(where: { $0.title == title }) else {
      return [StyledLine("This process has ended.", .warning)]
    }
    var lines = wrap(section.fate, width: width).map { StyledLine($0, .dialogDim) } + [StyledLine("", .dialog)]
    if let failure = section.failure {
      return lines + wrap("It cannot be read: \(failure)", width: width).map { StyledLine($0, .warning) }
    }
    let problems = knowledge.problems(of: pid)
    let refused = section.items.count { item in !reasons(item, problems).isEmpty }
    if knowledge.check != nil, section.items.contains(where: { !$0.name.isEmpty }) {
      let verdict = refused == 0 ? "Nothing here is refused." : "\(refused) of \(section.items.count) refused:"
      lines.append(StyledLine(verdict, refused == 0 ? .good : .error))
    }
    for item in section.items {
      let reasons = reasons(item, problems)
      lines += wrap(item.text, width: width, indent: 4).map { StyledLine($0, reasons.isEmpty ? .dialog : .error) }
      for reason in reasons {
        lines += wrap("    refused: \(reason.why)", width: width, indent: 6).map { StyledLine($0, .dialog) }
        guard !reason.remedy.isEmpty else { continue }
        lines += wrap("    remedy: \(reason.remedy(.elsewhere))", width: width, indent: 6).map {
          StyledLine($0, .information)
        }
      }
    }
    return lines
  }

  /// The engine's refusals of one thing.
  private static func reasons(_ item: DetailItem, _ problems: [Problem]) -> [Problem] {
    item.name.isEmpty ? [] : problems.filter { $0.what.hasPrefix(item.name) }
  }
}
