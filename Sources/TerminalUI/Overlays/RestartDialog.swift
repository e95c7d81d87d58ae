/// Defines the dialog that shows the plan of a restart, what stands in its way, and what can be accepted.

internal import CheckpointRestart
internal import SystemCalls

enum RestartDialog {
  /// What the dialog knows besides its controls.
  private final class State {
    let image: ImageEntry
    var ticket = 0
    /// `nil`: the engine is looking.
    var result: Result<RestartPlan, Problem>?
    /// Offered as check boxes, in their order.
    var losses: [AcceptedLoss] = []
    private var (askedAt, answeredAt) = (0.0, 0.0)
    private var isAsking = false

    init(_ image: ImageEntry) { self.image = image }

    var problems: [Problem] {
      switch result {
      case .success(let plan): plan.problems
      case .failure(let problem): [problem]
      case nil: []
      }
    }

    func accepted(_ form: Form) -> Set<AcceptedLoss> {
      Set(losses.enumerated().filter { form.isOn($0.offset) }.map(\.element))
    }

    func obstacles(_ form: Form) -> [Problem] {
      let accepted = accepted(form)
      return problems.filter { problem in !(problem.acceptableLoss.map(accepted.contains) ?? false) }
    }

    func ask(_ app: Application) {
      ticket = app.ticket()
      (askedAt, isAsking) = (app.now, true)
      let request = RestartRequest(source: image.path, detached: true)
      app.services.background.run { [engine = app.services.engine, ticket] in
        .planned(ticket: ticket, Application.result { () throws(Problem) in try engine.plan(request) })
      }
    }

    func receive(_ result: Result<RestartPlan, Problem>, now: Double) {
      self.result = result
      (answeredAt, isAsking) = (now, false)
    }

    /// Pids become free and files change while the dialog is open.
    func askAgain(_ app: Application) {
      if !isAsking && app.now - answeredAt >= max(2, 20 * (answeredAt - askedAt)) { ask(app) }
    }
  }

  static func make(_ image: ImageEntry, in app: Application) -> Form {
    let state = State(image)
    let restart = Button(
      label: "Restart", isEnabled: { form in state.result != nil && state.obstacles(form).isEmpty }
    ) { form, app in
      let request = RestartRequest(source: image.path, detached: true, acceptedLosses: state.accepted(form))
      app.dismissAll()
      app.start(request, subject: image.name)
    }
    let form = Form(title: "Restart", buttons: [restart, .cancel], focusedButton: 0) { form, _ in
      describe(state, form)
    }
    form.onNews = { form, news, app in
      guard case .planned(state.ticket, let result) = news else { return }
      state.receive(result, now: app.now)
      for loss in state.problems.compactMap(\.acceptableLoss) where !state.losses.contains(loss) {
        state.losses.append(loss)
        form.add(label(loss), .toggle(false))
      }
    }
    form.onRefresh = { _, app in state.askAgain(app) }
    form.extraKeys = [(KeyHint(.function(5), "Look again", rank: 3), { _, app in state.ask(app) })]
    state.ask(app)
    return form
  }

  private static func describe(_ state: State, _ form: Form) -> [StyledLine] {
    let image = state.image
    var lines = [StyledLine("Job   \(image.name)", .dialogTitle)]
    if image.tasks > 0 {
      var counts = Format.count(image.tasks, "task") + ", " + Format.count(image.threads, "thread")
      if image.zombies > 0 { counts += ", " + Format.count(image.zombies, "zombie") }
      lines.append(StyledLine("Has   \(counts); its root gets pid \(image.rootPid) again", .dialog))
    }
    let host = image.host.isEmpty ? "" : " on \(image.host)"
    lines.append(StyledLine("Made  \(Format.date(image.time))\(host), \(Format.bytes(image.bytes))", .dialog))
    lines.append(StyledLine("File  \(image.path)", .dialog))
    let obstacles = state.obstacles(form)
    switch state.result {
    case nil:
      return lines + [StyledLine("Plan is being made ...", .dialogDim)]
    case .success(let plan):
      lines += plan.notes.map { StyledLine("Note  \($0)", .warning) }
      if obstacles.isEmpty {
        let files = plan.files == 1 ? "its file is" : "all \(plan.files) files are"
        let text =
          plan.problems.isEmpty
          ? "Plan passed: all pids are free, \(files) as they were." : "Plan passed with what is accepted below."
        lines.append(StyledLine(text, .good))
        lines.append(
          StyledLine(
            "It becomes a job of its own. To have it in a terminal instead: crtop restart \(image.path)", .dialogDim))
      }
    case .failure: break
    }
    if !obstacles.isEmpty {
      lines.append(
        StyledLine("Plan failed: it cannot be restarted, for \(Format.count(obstacles.count, "reason")):", .error))
    }
    return lines + JobCheck.reasons(state.problems)
  }

  private static let labels: [AcceptedLoss: String] = [
    .changedFiles: "Accept files changed since", .clock: "Accept a clock gone back",
    .coreFlag: "Accept a zombie's lost core flag", .sleepTime: "Accept sleeps that begin anew",
    .keyrings: "Accept lost keyrings", .loginUser: "Accept crtop's login user",
    .semaphoreAdjustments: "Accept lost SEM_UNDO operations", .sharedOffsets: "Accept offsets of its own",
    .landlock: "Accept lost Landlock rules", .seccompRisk: "Accept the risk of seccomp",
  ]

  private static func label(_ loss: AcceptedLoss) -> String { labels[loss] ?? loss.flag }
}
