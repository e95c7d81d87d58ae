/// Defines `DestinationCheck`, the preflight of where images are to go, while a dialog is open.

internal import CheckpointImage
internal import CheckpointRestart
internal import SystemCalls

/// Asked again when the path changes, and from time to time.
final class DestinationCheck {
  private(set) var files: [String] = []
  /// `nil`: no answer yet about these files.
  private var answers: [Result<DestinationReport, Problem>]?
  private var ticket = 0
  private var answeredAt = 0.0
  private var isAsking = false

  /// - Parameter files: where images are to go; may be the same as before.
  func ask(_ files: [String], in app: Application) {
    if files != self.files { (self.files, answers) = (files, nil) }
    ticket = app.ticket()
    isAsking = true
    app.services.background.run { [images = app.services.images, ticket] in
      .destinations(
        ticket: ticket,
        files.map { file in Application.result { () throws(Problem) in try images.destination(file) } })
    }
  }

  func receive(_ news: News, in app: Application) {
    guard case .destinations(ticket, let answers) = news else { return }
    self.answers = answers
    (answeredAt, isAsking) = (app.now, false)
  }

  /// After a snapshot: asks again when the last answer is old.
  func refresh(in app: Application) {
    if !isAsking && app.now - answeredAt >= 2 { ask(files, in: app) }
  }

  /// How many things are in the way; `nil`: that is not known yet.
  var obstacles: Int? { answers == nil ? nil : problems.count }

  var isGood: Bool { answers != nil && problems.isEmpty }

  /// Why images cannot be written there.
  private var problems: [Problem] {
    var problems: [Problem] = []
    for case .failure(let problem) in answers ?? [] where !problems.contains(problem) { problems.append(problem) }
    return problems
  }

  private var reports: [(file: String, report: DestinationReport)] {
    zip(files, answers ?? []).compactMap { file, answer in (try? answer.get()).map { (file, $0) } }
  }

  /// Files whose images would be replaced.
  var replaced: [String] { reports.filter(\.report.replacesImage).map(\.file) }

  /// - Parameter bytes: about as much as all images will need.
  func lines(needing bytes: UInt64) -> [StyledLine] {
    var lines = problems.flatMap { problem in
      [StyledLine("Place not usable: \(problem.what): \(problem.why) [\(problem.code)]", .error)]
        + (problem.remedy.isEmpty ? [] : [StyledLine("   Remedy: \(problem.remedy(.inItsDialog))", .information)])
    }
    if let free = reports.compactMap(\.report.freeBytes).min(), free < bytes {
      let need = "only \(Format.bytes(free)) are free there, and about \(Format.bytes(bytes)) may be needed"
      lines.append(StyledLine("Space \(need)", .warning))
    }
    if !replaced.isEmpty {
      lines.append(StyledLine("There is an image of that name: it would be replaced, after a question", .warning))
    }
    return lines
  }
}
