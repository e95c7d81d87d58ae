/// Defines the dialog of `D`: what will be saved, what stands in the way, where to, and what then.

internal import CheckpointImage
internal import CheckpointRestart
internal import ProcessTree
internal import SystemCalls

package enum CheckpointDialog {
  /// The state of the preflight, shared by the text and the button.
  private final class Preflight {
    var ticket = 0
    var isRunning = true
    var report: CheckReport?
    var problems: [Problem] = []
    var isGood: Bool { !isRunning && problems.isEmpty }
  }

  private static let fileControl = 0
  private static let afterControl = 1
  private static let compressionControl = 2

  /// Makes the dialog and starts the preflight.
  package static func make(_ subtree: SubtreeSummary, in app: Application) -> Form {
    let preflight = Preflight()
    let start = Button(label: "Checkpoint", isEnabled: { preflight.isGood }) { form, app in
      begin(subtree, form: form, app: app)
    }
    let form = Form(
      title: "Checkpoint",
      controls: [
        ("File", .field(TextField(destination(subtree, app)))),
        ("Then", .choice(options: ["go on", "stay frozen", "kill"], chosen: 0)),
        ("Pack", .choice(options: Compression.allCases.map(\.rawValue), chosen: 0)),
      ],
      buttons: [start, .cancel], focusedButton: 0)
    form.onNews = { form, news, app in
      guard case .checked(preflight.ticket, let result) = news else { return }
      preflight.isRunning = false
      switch result {
      case .success(let report):
        preflight.report = report
        preflight.problems += report.problems
      case .failure(let problem):
        preflight.problems.append(problem)
        app.errors.add(problem, during: "check of \(subtree.name)", time: app.services.clock.real)
      }
      form.lines = describe(subtree, preflight)
    }
    form.extraKeys = [
      (KeyHint(.function(5), "Check again", rank: 3), { form, app in check(subtree, preflight, form, app) })
    ]
    check(subtree, preflight, form, app)
    return form
  }

  private static func check(_ subtree: SubtreeSummary, _ preflight: Preflight, _ form: Form, _ app: Application) {
    preflight.ticket = app.ticket()
    preflight.isRunning = true
    preflight.report = nil
    preflight.problems = []
    if app.model.tree.subtree(of: subtree.root.identity).contains(where: { $0.pid == app.services.ownPid }) {
      preflight.problems = [app.ownSubtreeProblem(subtree.root)]
    }
    form.lines = describe(subtree, preflight)
    let root = subtree.root.taskIdentity
    app.services.background.run { [engine = app.services.engine, ticket = preflight.ticket] in
      .checked(ticket: ticket, Application.result { () throws(Problem) in try engine.check(root) })
    }
  }

  private static func destination(_ subtree: SubtreeSummary, _ app: Application) -> String {
    do throws(Problem) {
      return try app.services.images.defaultDestination(pid: subtree.root.pid, comm: subtree.root.comm)
    } catch {
      app.report(error, during: "image store")
      return ""
    }
  }

  private static func describe(_ subtree: SubtreeSummary, _ preflight: Preflight) -> [StyledLine] {
    var lines = [StyledLine("Job   \(subtree.name): \(subtree.counts)", .dialogTitle)]
    if preflight.isRunning {
      lines.append(StyledLine("Check is running ...", .dialogDim))
    } else if preflight.isGood {
      lines.append(StyledLine("Check passed: it can be checkpointed exactly.", .good))
    } else {
      let count = Format.count(preflight.problems.count, "reason")
      lines.append(StyledLine("Check failed: it cannot be checkpointed, for \(count):", .error))
    }
    for (index, problem) in preflight.problems.enumerated() {
      let task = problem.task.map { "\($0.comm) (\($0.pid)): " } ?? ""
      lines.append(
        StyledLine("\(index + 1). \(task)\(problem.what): \(problem.why) [\(problem.code)]", .dialog))
      if !problem.remedy.isEmpty { lines.append(StyledLine("   Remedy: \(problem.remedy)", .information)) }
    }
    let bytes = preflight.report?.memoryBytes ?? subtree.residentBytes
    lines.append(StyledLine("Size  about \(Format.bytes(bytes)) of memory", .dialog))
    return lines
  }

  private static func begin(_ subtree: SubtreeSummary, form: Form, app: Application) {
    let file = form.text(fileControl)
    guard !file.isEmpty, file != "-" else {
      app.tell("name a file to write the image to", .warning)
      return
    }
    let after = AfterCheckpoint.allCases[form.choice(afterControl)]
    let request = CheckpointRequest(
      root: subtree.root.taskIdentity, destination: file, after: after,
      compression: Compression.allCases[form.choice(compressionControl)])
    app.dismiss(form)
    guard after != .resume else {
      app.start(request, subject: subtree.name)
      return
    }
    // The job may have grown since the dialog opened.
    let current = SubtreeSummary(app.model.tree.subtree(of: subtree.root.identity)) ?? subtree
    app.present(
      Dialogs.stopAfterCheckpoint(current, file: file, kills: after == .kill) { app in
        app.start(request, subject: subtree.name)
      })
  }
}
