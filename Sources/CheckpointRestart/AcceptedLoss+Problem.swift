/// Which problems go away when a loss is accepted, or when the job gets a pid namespace of its own.

public import SystemCalls

extension AcceptedLoss {
  /// As it is written on the command line, and in the remedies of problems that it takes away.
  public var flag: String { "--accept \(rawValue)" }
}

extension Problem {
  /// Somebody has a number that the job needs; in a pid namespace of its own all are free.
  public var isTakenNumber: Bool { errno == .fileExists && remedy.contains(RestartRequest.newPidNamespaceFlag) }

  /// The loss that the remedy offers to accept; `nil`: nothing but a change of the job or the machine helps.
  public var acceptableLoss: AcceptedLoss? {
    AcceptedLoss.allCases.first { loss in
      remedy.split { $0 == " " || $0 == "," || $0 == ";" || $0 == "." }.contains { $0 == loss.rawValue }
        && remedy.contains(loss.flag)
    }
  }
}
