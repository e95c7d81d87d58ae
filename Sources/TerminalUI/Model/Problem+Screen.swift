/// Defines how remedies read on the screen: what the command line has options for, the screen has in its dialogs.

internal import CheckpointRestart
package import SystemCalls

extension Problem {
  /// Where a remedy is read.
  package enum Place { case inItsDialog, elsewhere }

  /// The remedy without options of the command line that the screen offers otherwise.
  package func remedy(_ place: Place) -> String {
    var text = remedy
    if let loss = acceptableLoss {
      text = text.replacing(
        ": \(loss.flag)", with: place == .inItsDialog ? " (a box below)" : " (a box in \(loss.dialog))")
    }
    let namespace =
      "in a pid namespace of its own" + (place == .inItsDialog ? " (Pids, below)" : " (Pids, in its dialog)")
    text = text.replacing("with \(RestartRequest.newPidNamespaceFlag)", with: namespace)
    text = text.replacing(" with -o", with: "").replacing(" with --compress", with: " (Pack)")
    if text == "see crtop images" { text = "see the list of images" }
    // `freeze or thaw the whole job (crtop freeze 12, crtop thaw 12)`.
    if let commands = text.firstRange(of: " (crtop freeze "), let end = text[commands.upperBound...].firstIndex(of: ")")
    {
      text.removeSubrange(commands.lowerBound...end)
    }
    return text
  }

  /// One line, as `description`.
  package var lineOnScreen: String {
    var problem = self
    problem.remedy = remedy(.elsewhere)
    return problem.description
  }
}

extension AcceptedLoss {
  /// What is lost, as a clause.
  package var inWords: String {
    switch self {
    case .changedFiles: "files are as they are now, not as they were"
    case .clock: "its clock goes back, timeouts may last longer"
    case .coreFlag: "a zombie loses its core-dump flag"
    case .sleepTime: "interrupted sleeps begin anew"
    case .keyrings: "the keys of its own keyrings are lost"
    case .loginUser: "its login user becomes that of crtop"
    case .timerOverrun: "a POSIX timer counts missed expiries from zero"
    case .semaphoreAdjustments: "what SEM_UNDO would undo is lost"
    case .sharedOffsets: "file offsets shared with others become its own"
    case .seccompRisk: "if crtop is killed meanwhile, a task dies too"
    case .landlock: "its Landlock restrictions are lost"
    }
  }

  /// Where it can be accepted.
  fileprivate var dialog: String {
    switch self {
    case .changedFiles, .clock, .loginUser: "the restart's dialog"
    case .coreFlag: "the dialog"
    case .sleepTime, .timerOverrun, .keyrings, .semaphoreAdjustments, .sharedOffsets, .seccompRisk, .landlock:
      "the checkpoint's dialog"
    }
  }
}
