/// The subcommand `restart`.

internal import ArgumentParser
internal import CheckpointRestart
internal import ProcessTree
internal import SystemCalls
internal import TerminalUI

struct Restart: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Restart a subtree from an image.",
    discussion: """
      In the foreground the job gets this terminal, and crtop ends as the job's root task ends: with its exit status, \
      or by the same signal. Signals sent to crtop are passed on to it. A job that leads a session, such as an interactive \
      shell, gets a new terminal that is shown in this one. With '--detach' the job gets a session of its \
      own and crtop ends when it runs.

      The image is verified as a whole before any process is made. On any failure no process of the job is left. \
      '--dry-run' reads its description only, and names every obstacle with its remedy.

      EXAMPLES:
        crtop restart nightly.crtop
        crtop restart nightly.crtop --detach
        crtop restart nightly.crtop --dry-run
        crtop restart nightly.crtop --new-pid-namespace
        ssh host cat job.crtop | crtop restart - --detach
      """)

  @Argument(help: ArgumentHelp("The image, or '-' for standard input.", valueName: "file"))
  var file: String

  @Flag(help: "Restart the job in a session of its own instead of in this terminal.")
  var detach = false

  @Flag(help: "Say what would be restarted and what stands in its way; restart nothing.")
  var dryRun = false

  @Flag(help: "Restart the job in a pid namespace of its own, where all pids are free, with a /proc to match.")
  var newPidNamespace = false

  @OptionGroup var accept: AcceptOption
  @OptionGroup var format: FormatOption

  func validate() throws {
    if file.isEmpty { throw ValidationError("The name of the image is empty.") }
  }

  func run() throws {
    var request = RestartRequest(source: file, detached: detach, acceptedLosses: accept.set)
    request.isForNewPidNamespace = newPidNamespace
    guard !dryRun else { return try plan(request) }
    if newPidNamespace {
      if let first = NamespaceInit() { return try first.run(request, isJSON: format.isJSON) }
      guard let status = try NamespaceRestart(isDetached: detach, isJSON: format.isJSON).run() else { return }
      try end(as: status)
    }
    let window = detach ? nil : SessionTerminal()
    request.sessionTerminal = window?.path
    // The job may have the terminal as soon as it runs: what is to be given back is remembered before.
    let terminal = detach ? nil : JobTerminal()
    let wanted = request
    var runner = try OperationRunner("restart", isJSON: format.isJSON)
    let summary = try runner.run(givesTerminal: !detach) { Operation.restart(wanted, onEvent: $0) }
    guard !detach else {
      if !format.isJSON { Output.note(Summary.line(summary)) }
      return
    }
    let isShown = window?.isTerminal(of: summary.root) == true
    let job = ForegroundJob(
      root: summary.root, signals: runner.signals, terminal: isShown ? nil : terminal, window: isShown ? window : nil)
    for signal in runner.lateSignals { job.forward(signal) }
    let status: ExitStatus
    do throws(Errno) { status = try job.run() } catch {
      Output.problem(error.problem("cannot learn how the job ends, which runs on"))
      throw ExitCode.failure
    }
    try end(as: status)
  }

  /// Exit status: 0 the restart could begin, 1 it could not.
  private func plan(_ request: RestartRequest) throws {
    let plan: RestartPlan
    do throws(Problem) { plan = try Engine.plan(request) } catch {
      try Outcome.fail("plan", [error], isJSON: format.isJSON)
    }
    if format.isJSON {
      for note in plan.notes { try Output.json(.note(nil, note)) }
    } else {
      let size = Summary.size(tasks: plan.tasks, threads: plan.threads, zombies: plan.zombies)
      try Output.lines(
        ["\(plan.command) (\(plan.root.pid)) of \(Format.date(plan.time)) on \(plan.host): \(size)"]
          + plan.notes.map { "note: \($0)" })
    }
    guard plan.problems.isEmpty else { try Outcome.fail("plan", plan.problems, isJSON: format.isJSON) }
    guard format.isJSON else { return try Output.line("The restart can begin: all pids are free.") }
    try Output.json(
      .done(
        OperationSummary(
          operation: "plan", image: file, root: plan.root.pid, tasks: plan.tasks, threads: plan.threads,
          zombies: plan.zombies, bytes: plan.imageBytes)))
  }

  /// Ends crtop as the root task has ended.
  private func end(as status: ExitStatus) throws(ExitCode) -> Never {
    if let signal = status.signal { SignalQueue.die(by: signal) }
    throw ExitCode(status.code ?? 128 + (status.signal?.rawValue ?? 0))
  }
}
