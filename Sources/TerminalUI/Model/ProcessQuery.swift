/// Defines `ProcessQuery`, what a search or a filter asks for.

package import ProcessTree

/// Words separated by spaces, all of which must fit:
///
/// - `user:alice`, `state:zombie` or `state:Z`, `pid:100` or `pid:100-200`;
/// - `re:` and the rest of the line: an extended regular expression, for the command line or the name;
/// - any other word: part of the command line, the name or the state, or a pid.
package struct ProcessQuery: Sendable {
  private enum Term: Sendable {
    case text(String)
    case user(String)
    case state(String)
    case pids(ClosedRange<Int32>)
    case expression(RegularExpression)
  }

  private var terms: [Term] = []
  /// What is wrong with the text; such a query lets everything pass.
  package private(set) var fault: String?

  package init(_ text: String) {
    var rest = Substring(text)
    while let start = rest.firstIndex(where: { $0 != " " }) {
      rest = rest[start...]
      if let pattern = Self.argument(of: "re:", rest) {
        addExpression(String(pattern))
        return
      }
      let word = rest.prefix { $0 != " " }
      rest = rest[word.endIndex...]
      add(word)
    }
  }

  package var isEmpty: Bool { terms.isEmpty }

  private static func argument(of prefix: String, _ text: Substring) -> Substring? {
    text.hasPrefix(prefix) ? text.dropFirst(prefix.count) : nil
  }

  private mutating func add(_ word: Substring) {
    if let user = Self.argument(of: "user:", word) {
      if !user.isEmpty { terms.append(.user(String(user))) }
    } else if let state = Self.argument(of: "state:", word) {
      addState(String(state))
    } else if let pids = Self.argument(of: "pid:", word) {
      addPids(pids)
    } else {
      terms.append(.text(String(word)))
    }
  }

  /// A letter, or the beginning of a word.
  private mutating func addState(_ text: String) {
    guard !text.isEmpty else { return }
    if ProcessState.allCases.contains(where: { Self.isCalled($0, text) }) {
      terms.append(.state(text))
    } else {
      fault = "state: takes one of " + ProcessState.allCases.map { $0.word.lowercased() }.joined(separator: " ")
    }
  }

  private static func isCalled(_ state: ProcessState, _ text: String) -> Bool {
    String(state.letter) == text || contains(" " + state.word, " " + text)
  }

  private mutating func addPids(_ text: Substring) {
    guard !text.isEmpty else { return }
    let ends = text.split(separator: "-", omittingEmptySubsequences: false).map { Int32($0) }
    if ends.count == 1, let pid = ends[0] {
      terms.append(.pids(pid...pid))
    } else if ends.count == 2, let first = ends[0], let last = ends[1], first <= last {
      terms.append(.pids(first...last))
    } else if !text.hasSuffix("-") {
      fault = "pid: takes a number or two, as in pid:100-200"
    }
  }

  private mutating func addExpression(_ pattern: String) {
    guard !pattern.isEmpty else { return }
    do throws(RegularExpression.Fault) {
      terms.append(.expression(try RegularExpression(pattern)))
    } catch {
      fault = error.what
    }
  }

  /// Whether all words fit.
  package func matches(_ process: ProcessRecord) -> Bool {
    fault != nil || terms.allSatisfy { Self.fits($0, process) }
  }

  private static func fits(_ term: Term, _ process: ProcessRecord) -> Bool {
    switch term {
    case .text(let text):
      contains(process.commandLine, text) || contains(process.comm, text) || String(process.pid) == text
        || contains(process.state.word, text)
    case .user(let user): process.userName == user || String(process.userID) == user
    case .state(let state): isCalled(process.state, state)
    case .pids(let pids): pids.contains(process.pid)
    case .expression(let expression): expression.matches(process.commandLine) || expression.matches(process.comm)
    }
  }
}
