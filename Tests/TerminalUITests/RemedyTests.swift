import CheckpointRestart
import SystemCalls
import Testing
import TerminalUI

/// What the command line has options for, the screen offers in its dialogs, and says so.
@Suite struct RemedyTests {
  private func problem(_ remedy: String) -> Problem {
    Problem(errno: .fileExists, what: "it", why: "so", remedy: remedy)
  }

  @Test(arguments: AcceptedLoss.allCases)
  func noLossIsNamedByItsOption(loss: AcceptedLoss) {
    let problem = problem("wait, or accept it: \(loss.flag)")
    #expect(problem.remedy(.inItsDialog) == "wait, or accept it (a box below)")
    #expect(problem.remedy(.elsewhere).hasPrefix("wait, or accept it (a box in "))
    #expect(!problem.lineOnScreen.contains("--") && !loss.inWords.isEmpty)
  }

  @Test(arguments: [
    ("end it, or restart with --new-pid-namespace", "end it, or restart in a pid namespace of its own (Pids, below)"),
    (
      "choose another file system with -o, or compress with --compress",
      "choose another file system, or compress (Pack)"
    ),
    ("freeze or thaw the whole job (crtop freeze 12, crtop thaw 12)", "freeze or thaw the whole job"),
    ("run it inside (nsenter --target 12 --all)", "run it inside (nsenter --target 12 --all)"),
    ("see crtop images", "see the list of images"), ("", ""),
  ])
  func othersToo(remedy: String, shown: String) { #expect(problem(remedy).remedy(.inItsDialog) == shown) }
}
