/// Defines `Finding`, one thing that the doctor has looked at.

internal import SystemCalls

struct Finding {
  enum Verdict: String {
    /// As it should be.
    case ok
    /// Some jobs will be refused.
    case limited
    /// An operation is not possible at all.
    case missing
  }

  /// What was looked at.
  var subject: String
  var verdict: Verdict
  /// What was found, and what it means.
  var meaning: String
  /// What the user can do; empty where nothing is to be done.
  var remedy: String

  init(_ subject: String, _ verdict: Verdict, _ meaning: String, remedy: String = "") {
    self.subject = subject
    self.verdict = verdict
    self.meaning = meaning
    self.remedy = remedy
  }

  /// All that is looked at, in the order of the report.
  static var probes: [() -> Finding] {
    [
      kernel, chosenPid, tracing, kcmp, pidfdGetfd, programAddresses, pagemapScan, capabilities, resourceCapability,
      yama, seccomp, sleeps, timers, clocks, freezer, corePattern, imageStore, proc,
    ]
  }

  var json: JSON {
    [
      "event": "finding", "subject": JSON(subject), "verdict": JSON(verdict.rawValue), "meaning": JSON(meaning),
      "remedy": JSON(remedy),
    ]
  }

  var lines: [String] {
    let first = "\(Column.left(verdict.rawValue, 8)) \(Column.left(subject, 19)) \(meaning)"
    return remedy.isEmpty ? [first] : [first, String(repeating: " ", count: 29) + "Remedy: \(remedy)."]
  }
}
