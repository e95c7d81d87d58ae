/// Defines `CheckMarks`, what is known of whether the subtrees on the screen can be checkpointed.

internal import CheckpointRestart
package import ProcessTree
package import SystemCalls

/// The answer for one subtree.
package enum CheckMark: Sendable, Hashable {
  /// Not looked at yet.
  case unknown
  case yes
  /// The first reason, and how many more there are.
  case no(Problem, others: Int)
  /// Looking at so many tasks takes too long to be done unasked.
  case large

  /// The word in the column.
  var shown: (String, Role) {
    switch self {
    case .unknown: ("", .dim)
    case .yes: ("yes", .good)
    case .no: ("no", .warning)
    case .large: ("?", .dim)
    }
  }
}

/// Answers of the engine's check, which looks from outside and stops nothing. One subtree at a time, only those that are
/// on the screen: the selected one soon, the others so seldom that looking takes a two-hundredth of one processor, since
/// a check may have to look at every process of the machine (who else has that pipe?).
package struct CheckMarks: Sendable {
  /// Subtrees of more tasks are not looked at unasked.
  static let largestSubtree = 32
  /// An answer is asked for again after so many seconds.
  static let lifetime = 600.0
  /// How many times as long as a check took nothing is asked: about the selected process, about others.
  private static let rest = (selected: 9.0, other: 199.0)

  private struct Answer: Sendable {
    var mark: CheckMark
    var members: [ProcessIdentity]
    var time: Double
  }

  private struct Question: Sendable {
    var ticket: Int
    var members: [ProcessIdentity]
    var time: Double
  }

  private var answers: [ProcessIdentity: Answer] = [:]
  private var question: Question?
  /// Monotonic seconds before which nothing more is asked; `nil` while an answer is awaited.
  package private(set) var due: Double? = 0
  /// Before that, only the selected process is asked about.
  private(set) var othersDue = 0.0

  /// What is known of the subtree below a process.
  package subscript(_ root: ProcessRecord) -> CheckMark {
    // What was known of it as it lived says nothing of a zombie.
    root.state == .zombie ? .unknown : answers[root.identity]?.mark ?? .unknown
  }

  /// Whether the subtree has to be asked about: never asked, other members by now, or long ago.
  func isStale(_ members: [ProcessIdentity], now: Double) -> Bool {
    guard let root = members.first, let answer = answers[root] else { return true }
    return now - answer.time > Self.lifetime || answer.members != members
  }

  mutating func ask(_ ticket: Int, _ members: [ProcessIdentity], now: Double) {
    question = Question(ticket: ticket, members: members, time: now)
    due = nil
  }

  mutating func setLarge(_ members: [ProcessIdentity], now: Double) {
    if let root = members.first { answers[root] = Answer(mark: .large, members: members, time: now) }
  }

  /// Nothing to ask for a while.
  mutating func rest(until time: Double) { due = time }

  /// Takes an answer; `false` if it was another's question.
  mutating func receive(_ ticket: Int, _ result: Result<CheckReport, Problem>, now: Double) -> Bool {
    guard let question, question.ticket == ticket, let root = question.members.first else { return false }
    let mark: CheckMark =
      switch result {
      case .success(let report): report.problems.first.map { .no($0, others: report.problems.count - 1) } ?? .yes
      case .failure(let problem): .no(problem, others: 0)
      }
    answers[root] = Answer(mark: mark, members: question.members, time: now)
    let taken = max(now - question.time, 0.002)
    due = now + taken * Self.rest.selected
    othersDue = now + taken * Self.rest.other
    self.question = nil
    return true
  }

  /// Forgets processes that have ended.
  mutating func keep(_ tree: ProcessTree) {
    if answers.contains(where: { tree[$0.key] == nil }) { answers = answers.filter { tree[$0.key] != nil } }
  }
}
