/// Defines the dialog of `D`: what will be saved, what stands in the way, where to, and what then.

internal import CheckpointImage
internal import CheckpointRestart
internal import ProcessTree
internal import SystemCalls

package enum CheckpointDialog {
  private static let fileControl = 0
  private static let afterControl = 1
  private static let compressionControl = 2
  private static let firstLossControl = 3

  /// What the dialog knows besides its controls.
  private final class State {
    let checks: [JobCheck]
    let destination = DestinationCheck()
    let losses = LossBoxes(behind: firstLossControl)
    /// The files of several jobs, in their directory.
    let names: [String]
    /// The directory that the list of images shows.
    let store: String

    init(_ jobs: [SubtreeSummary], paths: [String], _ app: Application) {
      checks = jobs.map { JobCheck($0, offered: app.operations.lossesOffered(at: $0.root.taskIdentity)) }
      names = paths.map { String($0.split(separator: "/").last ?? "") }
      store = paths.first.map(directory) ?? ""
    }

    var isGood: Bool { destination.isGood && checks.allSatisfy(\.isGood) }

    /// For the frame.
    var verdict: StyledLine {
      let counts = checks.map(\.obstacles) + [destination.obstacles]
      let known = counts.compactMap { $0 }
      guard known.allSatisfy({ $0 == 0 }) else {
        return StyledLine("cannot start: \(Format.count(known.reduce(0, +), "obstacle"))", .error)
      }
      if known.count < counts.count { return StyledLine("checking ...", .dialogDim) }
      let accepted = checks.reduce(into: Set<AcceptedLoss>()) { $0.formUnion($1.accepted) }
      return StyledLine("check passed" + LossBoxes.note(accepted.count), .good)
    }
  }

  /// Makes the dialog for one job, or for several of which each gets an image of its own, and starts the preflight.
  package static func make(_ jobs: [SubtreeSummary], in app: Application) -> Form {
    let paths = jobs.map { path(of: $0, app) }
    let state = State(jobs, paths: paths, app)
    let start = Button(
      label: jobs.count > 1 ? "Checkpoint \(jobs.count) jobs" : "Checkpoint",
      isEnabled: { _ in state.isGood }
    ) { form, app in begin(state, form, app) }
    let destination = paths.first ?? ""
    let areFrozen = jobs.allSatisfy { $0.root.state == .frozen }
    let form = Form(
      title: "Checkpoint",
      controls: [
        (jobs.count > 1 ? "Into" : "File", .field(TextField(jobs.count > 1 ? directory(destination) : destination))),
        ("Then", .choice(options: [areFrozen ? "as it is" : "go on", "stay frozen", "kill"], chosen: 0)),
        ("Pack", .choice(options: Compression.allCases.map(\.rawValue), chosen: 0)),
      ],
      buttons: [start, .cancel], focusedButton: 0
    ) { form, app in describe(state, form, app) }
    for check in state.checks { state.losses.offer(check.offered, in: form) }
    form.verdict = { _ in state.verdict }
    form.onChange = { form, app in
      let files = files(state, form)
      if files != state.destination.files { state.destination.ask(files, in: app) }
      for check in state.checks { check.acceptedMayHaveChanged(state.losses.accepted(form), in: app) }
    }
    form.onNews = { form, news, app in
      state.destination.receive(news, in: app)
      for check in state.checks where check.receive(news, in: app) { state.losses.offer(check.offered, in: form) }
    }
    form.onRefresh = { _, app in
      for check in state.checks { check.refresh(in: app) }
      state.destination.refresh(in: app)
    }
    let look: (Form, Application) -> Void = { form, app in
      for check in state.checks { check.start(accepting: state.losses.accepted(form), in: app) }
      state.destination.ask(files(state, form), in: app)
    }
    form.extraKeys = [(KeyHint(.function(5), "Check again", rank: 3), look)]
    look(form, app)
    return form
  }

  private static func path(of job: SubtreeSummary, _ app: Application) -> String {
    do throws(Problem) {
      return try app.services.images.defaultDestination(pid: job.root.pid, comm: job.root.comm)
    } catch {
      app.report(error, during: "image store")
      return ""
    }
  }

  /// Where the images are to go, in the order of the jobs.
  private static func files(_ state: State, _ form: Form) -> [String] {
    let place = wholePath(form.text(fileControl))
    return state.checks.count > 1 ? state.names.map { place + "/" + $0 } : [place]
  }

  /// The part of a path before the last slash.
  private static func directory(_ path: String) -> String {
    path.lastIndex(of: "/").map { String(path[..<$0]) } ?? path
  }

  // MARK: Text

  private static func describe(_ state: State, _ form: Form, _ app: Application) -> [StyledLine] {
    let plans = state.checks.map { plan($0, form) }
    let place = state.destination.lines(
      // Earlier images tell how well data could be packed, not how well other data will be.
      needing: plans.reduce(0) { sum, plan in
        sum
          &+ (plan.compression == .none ? plan.memoryBytes : app.forecast.imageBytes(of: plan) ?? plan.memoryBytes)
      })
    let files = state.destination.files
    let elsewhere =
      files.allSatisfy { directory($0) == state.store }
      ? []
      : [
        StyledLine(
          "To      \(files[0]), outside of the image store: later o in the list of images (R) opens it", .warning)
      ]
    var lines: [StyledLine] = []
    if let only = state.checks.first, state.checks.count == 1 {
      lines.append(StyledLine("Job   \(only.job.name): \(only.job.counts)", .dialogTitle))
      let facts = predictions(state, plans, form, app) + elsewhere
      // What is in the way stands first: a small screen shows little more than that.
      return lines + ((only.obstacles ?? 0) > 0 ? place + only.lines + facts : facts + place + only.lines)
    }
    let tasks = Format.count(plans.reduce(0) { $0 + $1.tasks }, "task")
    lines.append(
      StyledLine("\(state.checks.count) tagged jobs, \(tasks): one after another, an image each", .dialogTitle))
    lines += predictions(state, plans, form, app) + place
    for check in state.checks {
      lines.append(StyledLine("\(check.job.name): \(check.job.counts)", .dialogTitle))
      lines += check.lines
    }
    return lines
  }

  /// Size and pause, and where these figures come from.
  private static func predictions(
    _ state: State, _ plans: [CheckpointPlan], _ form: Form, _ app: Application
  ) -> [StyledLine] {
    let memory = Format.bytes(plans.reduce(UInt64(0)) { $0 &+ $1.memoryBytes })
    let known = plans.compactMap { app.forecast.imageBytes(of: $0) }
    let reports = state.checks.compactMap(\.report)
    var size =
      if reports.count < plans.count {
        "Size  at most \(memory) of memory"
      } else if reports.allSatisfy(\.countsSharedPagesOnce) {
        "Size  \(memory) of memory to be saved, less where it is zeroes"
      } else {
        "Size  at most \(memory) of memory to be saved: what tasks share is counted for each"
      }
    if known.count == plans.count {
      size += "; the image about \(Format.bytes(known.reduce(0, &+))), as earlier ones came out"
    }
    let pauses = plans.map { app.forecast.pause(of: $0) }
    let pause = Format.roughly(seconds: pauses.max() ?? 0)
    let grounds =
      app.forecast.pauses == 0
      ? "a guess from its tasks and memory"
      : "as measured in \(Format.count(app.forecast.pauses, "earlier checkpoint"))"
    let text =
      switch AfterCheckpoint.allCases[form.choice(afterControl)] {
      case .resume where state.checks.allSatisfy({ $0.job.root.state == .frozen }):
        "Pause it is frozen and stays so, until it is thawed with z"
      case .resume: "Pause about \(pause)\(plans.count > 1 ? " at most each" : ""): \(grounds)"
      case .leaveFrozen: "Pause it stands still from the start until it is thawed with z"
      case .kill: "End   it is killed when the image is written, synchronized and read back"
      }
    return [StyledLine(size, .dialog), StyledLine(text, .dialog)]
  }

  private static func plan(_ check: JobCheck, _ form: Form) -> CheckpointPlan {
    CheckpointPlan(
      tasks: check.report?.tasks ?? check.job.tasks, threads: check.report?.threads ?? check.job.threads,
      memoryBytes: check.report?.memoryBytes ?? check.job.residentBytes,
      after: AfterCheckpoint.allCases[form.choice(afterControl)],
      compression: Compression.allCases[form.choice(compressionControl)])
  }

  // MARK: Start

  private static func begin(_ state: State, _ form: Form, _ app: Application) {
    let jobs = state.checks.map(\.job)
    let files = files(state, form)
    // The answer was about the files that are named now.
    guard files == state.destination.files else { return state.destination.ask(files, in: app) }
    guard Set(files).count == files.count else {
      return app.tell("two of the images would get the same name: checkpoint these jobs one by one", .warning)
    }
    let orders = zip(state.checks, files).map { check, file in
      let plan = plan(check, form)
      return (
        CheckpointRequest(
          root: check.job.root.taskIdentity, destination: file, after: plan.after, compression: plan.compression,
          acceptedLosses: check.accepted), check.job.name, plan
      )
    }
    app.dismiss(form)
    let start: (Application) -> Void = { app in
      for (request, name, plan) in orders { app.start(request, subject: name, plan: plan) }
      if jobs.count > 1 { app.model.untagAll() }
    }
    let after = AfterCheckpoint.allCases[form.choice(afterControl)]
    let proceed: (Application) -> Void = { app in
      if after == .resume {
        start(app)
      } else {
        app.present(Dialogs.stopAfterCheckpoint(jobs, files: files, kills: after == .kill, start: start))
      }
    }
    let replaced = state.destination.replaced
    if replaced.isEmpty { proceed(app) } else { app.present(Dialogs.replace(replaced, proceed)) }
  }
}
