import ProcessTree
import Testing
import TerminalUI

@Suite struct ProcessQueryTests {
  private func pids(_ text: String) -> [Int32] {
    let query = ProcessQuery(text)
    return sampleProcesses().filter(query.matches).map(\.pid)
  }

  @Test(arguments: [
    ("python", [100]), ("PYTHON train", [100]), ("python nowhere", []), ("103", [103]), ("zombie", [102]),
    ("user:alice", [100]), ("user:1000", [100]), ("user:ali", []), ("state:zombie", [102]), ("state:F", [103]),
    ("state:fro", [103]), ("state:z", [102]), ("pid:100", [100]), ("pid:100-102", [100, 101, 102]),
    ("user:root pid:100-102", [101, 102]), ("re:^(/usr)?/bin/python[0-9]", [100]), ("re:^(/usr)?/bin/perl", []),
    ("re:^/usr/bin/PYTHON[0-9] tr", [100]),
    ("pid:100-200 re:^w.*all$", [101]), ("  ", [1, 2, 100, 101, 102, 103, 200, 900]),
  ])
  func finds(text: String, expected: [Int32]) { #expect(pids(text) == expected) }

  /// While it is being typed, it hides nothing.
  @Test(arguments: ["user:", "pid:", "pid:100-", "state:", "re:", ""])
  func halfTypedTermsLetAllPass(text: String) {
    let query = ProcessQuery(text)
    #expect(query.fault == nil)
    #expect(sampleProcesses().allSatisfy(query.matches))
  }

  @Test(arguments: [
    ("re:(", "("), ("re:*", "preceding"), ("pid:x", "pid:100-200"), ("pid:5-2", "pid:100-200"),
    ("state:bogus", "running sleeping disk stopped traced zombie dead idle frozen"),
  ])
  func faultsAreTold(text: String, words: String) {
    let query = ProcessQuery(text)
    #expect(query.fault?.contains(words) == true)
    #expect(sampleProcesses().allSatisfy(query.matches))
    let screen = Screen()
    screen.press(.character("\\"))
    screen.type(text)
    #expect(screen.text.split { $0 == " " || $0 == "\n" }.joined(separator: " ").contains(query.fault ?? "?"))
    #expect(screen.text.contains("bash") && screen.text.contains("Filter: \(text)"))
  }
}
