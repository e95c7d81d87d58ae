/// Trees that nobody has thought of: a number decides what each task is. After a restart they are the same.

import FoundationEssentials
import SystemCalls
import TestSupport
import Testing

extension CommandLine {
  @Suite struct Forests {
    /// More of them: CRTOP_TEST_SEEDS=100-199.
    private static let seeds: ClosedRange<Int> = {
      let wanted = (ProcessInfo.processInfo.environment["CRTOP_TEST_SEEDS"] ?? "").split(separator: "-").compactMap {
        Int($0)
      }
      return wanted.count == 2 && wanted[0] <= wanted[1] ? wanted[0]...wanted[1] : 1...16
    }()

    @Test(.timeLimit(.minutes(10)), arguments: seeds)
    func comeBack(_ seed: Int) throws {
      try Job("forest", ["\(seed)"], in: try Sandbox()).comeBackTwice()
    }
  }
}
