/// Defines the dialog that shows the plan of a restart, what stands in its way, and what can be done about it.

internal import CheckpointRestart
internal import SystemCalls

enum RestartDialog {
  private static let placeControl = 0
  private static let pidsControl = 1
  private static let firstLossControl = 2

  /// What has been chosen.
  private struct Choices: Equatable {
    var isInForeground = false
    var isInNewPidNamespace = false
    var losses: Set<AcceptedLoss> = []
  }

  /// What the dialog knows besides its controls.
  private final class State {
    let image: ImageEntry
    var ticket = 0
    /// `nil`: the engine has not answered yet.
    private(set) var result: Result<RestartPlan, Problem>?
    /// The answer is about what is chosen now.
    private(set) var isCurrent = false
    let losses = LossBoxes(behind: firstLossControl)
    private var asked = Choices()
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

    func choices(_ form: Form) -> Choices {
      Choices(
        isInForeground: form.choice(placeControl) == 1, isInNewPidNamespace: form.choice(pidsControl) == 1,
        losses: losses.accepted(form))
    }

    /// The plan for what is chosen is there, and nothing is in its way.
    var isGood: Bool { isCurrent && problems.isEmpty }

    /// For the frame.
    var verdict: StyledLine {
      guard isCurrent else { return StyledLine("planning ...", .dialogDim) }
      return problems.isEmpty
        ? StyledLine("plan passed" + LossBoxes.note(asked.losses.count), .good)
        : StyledLine("cannot start: \(Format.count(problems.count, "obstacle"))", .error)
    }

    func ask(_ form: Form, _ app: Application) {
      ticket = app.ticket()
      (askedAt, isAsking) = (app.now, true)
      asked = choices(form)
      var request = RestartRequest(
        source: image.path, detached: !asked.isInForeground, acceptedLosses: asked.losses)
      request.isForNewPidNamespace = asked.isInNewPidNamespace
      app.services.background.run { [engine = app.services.engine, ticket, request] in
        .planned(ticket: ticket, Application.result { () throws(Problem) in try engine.plan(request) })
      }
    }

    /// With other choices the old plan holds no more.
    func choicesMayHaveChanged(_ form: Form, _ app: Application) {
      guard choices(form) != asked else { return }
      isCurrent = false
      ask(form, app)
    }

    func receive(_ result: Result<RestartPlan, Problem>, now: Double) {
      self.result = result
      (answeredAt, isAsking, isCurrent) = (now, false, true)
    }

    /// Pids become free and files change while the dialog is open.
    func askAgain(_ form: Form, _ app: Application) {
      if !isAsking && app.now - answeredAt >= max(2, 20 * (answeredAt - askedAt)) { ask(form, app) }
    }
  }

  static func make(_ image: ImageEntry, in app: Application) -> Form {
    let state = State(image)
    let restart = Button(
      label: "Restart", isEnabled: { _ in state.isGood }
    ) { form, app in begin(state, form, app) }
    let form = Form(
      title: "Restart",
      controls: [
        ("Where", .choice(options: ["in the background", "in this terminal"], chosen: 0)),
        ("Pids", .choice(options: ["the same", "the same, in a pid namespace of its own"], chosen: 0)),
      ],
      buttons: [restart, .cancel], focusedButton: 0
    ) { form, _ in describe(state, form) }
    form.onNews = { form, news, app in
      guard case .planned(state.ticket, let result) = news else { return }
      state.receive(result, now: app.now)
      state.losses.offer(Set(state.problems.compactMap(\.acceptableLoss)), in: form)
    }
    state.losses.offer(app.operations.lossesOffered(byRestartOf: image.path), in: form)
    form.verdict = { _ in state.verdict }
    form.onChange = { form, app in state.choicesMayHaveChanged(form, app) }
    form.onRefresh = { form, app in state.askAgain(form, app) }
    form.extraKeys = [(KeyHint(.function(5), "Look again", rank: 3), { form, app in state.ask(form, app) })]
    state.ask(form, app)
    return form
  }

  private static func begin(_ state: State, _ form: Form, _ app: Application) {
    let choices = state.choices(form)
    if choices.isInForeground && app.isOperating {
      return app.tell("an operation is running: wait for its end (o), or restart in the background", .warning)
    }
    let request = RestartRequest(
      source: state.image.path, detached: !choices.isInForeground, acceptedLosses: choices.losses)
    app.dismissAll()
    if choices.isInForeground {
      app.restartInForeground(request, inNewPidNamespace: choices.isInNewPidNamespace, subject: state.image.title)
    } else {
      app.start(request, inNewPidNamespace: choices.isInNewPidNamespace, subject: state.image.title)
    }
  }

  // MARK: Text

  private static func describe(_ state: State, _ form: Form) -> [StyledLine] {
    let image = state.image
    var lines = [StyledLine("Job   \(image.title)", .dialogTitle)]
    if image.tasks > 0 {
      var counts = Format.count(image.tasks, "task") + ", " + Format.count(image.threads, "thread")
      if image.zombies > 0 { counts += ", " + Format.count(image.zombies, "zombie") }
      lines.append(StyledLine("Has   \(counts); its root gets pid \(image.rootPid) again", .dialog))
    }
    let host = image.host.isEmpty ? "" : " on \(image.host)"
    lines.append(StyledLine("Made  \(Format.date(image.time))\(host), \(Format.bytes(image.bytes))", .dialog))
    lines.append(StyledLine("File  \(image.path)", .dialog))
    let choices = state.choices(form)
    if case .success(let plan) = state.result {
      lines += plan.notes.map { StyledLine("Note  \($0)", .warning) }
      if state.isGood { lines += passed(plan, choices) }
    }
    if !state.isCurrent {
      lines.append(StyledLine("Plan is being made ...", .dialogDim))
    } else if !state.isGood {
      let count = Format.count(state.problems.count, "reason")
      lines.append(StyledLine("Plan failed: it cannot be restarted, for \(count):", .error))
    }
    let taken = state.problems.filter(\.isTakenNumber)
    return lines + Self.taken(taken) + JobCheck.reasons(state.problems.filter { !$0.isTakenNumber })
  }

  private static func passed(_ plan: RestartPlan, _ choices: Choices) -> [StyledLine] {
    let files = plan.files == 1 ? "its file is" : "all \(plan.files) files are"
    let text =
      choices.losses.isEmpty
      ? "Plan passed: all pids are free, \(files) as they were." : "Plan passed with what is accepted below."
    var fate =
      choices.isInForeground
      ? "It gets this terminal; crtop comes back when it has ended." : "It becomes a job of its own."
    if choices.isInNewPidNamespace { fate += " Outside its pid namespace its tasks have other pids." }
    return [StyledLine(text, .good), StyledLine(fate, .dialogDim)]
  }

  /// What helps, once, before a line for each number that somebody has: a small screen does not show all of them.
  private static func taken(_ problems: [Problem]) -> [StyledLine] {
    guard !problems.isEmpty else { return [] }
    let remedy = StyledLine(
      "   Remedy: wait until who has these pids has ended, or end them, or choose 'in a pid namespace of its own' below: "
        + "there all pids are free", .information)
    return [remedy] + problems.map { StyledLine("\($0.what): \($0.why)", .dialog) }
  }
}
