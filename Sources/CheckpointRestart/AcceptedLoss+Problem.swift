/// Which problems go away when a loss is accepted.

public import SystemCalls

extension AcceptedLoss {
  /// As it is written on the command line, and in the remedies of problems that it takes away.
  public var flag: String { "--accept \(rawValue)" }
}

extension Problem {
  /// The loss that the remedy offers to accept; `nil`: nothing but a change of the job or the machine helps.
  public var acceptableLoss: AcceptedLoss? {
    AcceptedLoss.allCases.first { loss in
      remedy.split { $0 == " " || $0 == "," || $0 == ";" || $0 == "." }.contains { $0 == loss.rawValue }
        && remedy.contains(loss.flag)
    }
  }
}
