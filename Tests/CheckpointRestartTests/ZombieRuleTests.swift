/// The rules of zombies that no job can be brought to break on demand.

import CLinux
import ImageSchema
import SystemCalls
import Testing

@testable import CheckpointRestart

@Suite struct ZombieRules {
  /// A line of /proc/PID/stat with 52 fields.
  private func stat(_ pid: Int32, _ comm: String, _ state: Character, threads: Int = 1, exitCode: Int = 0) throws
    -> ProcStat
  {
    var fields = [Int](repeating: 0, count: 49)
    fields[20 - 4] = threads
    fields[52 - 4] = exitCode
    let line = "\(pid) (\(comm)) \(state) \(fields.map(String.init).joined(separator: " "))\n"
    return try #require(ProcStat(ByteScanner(Array(line.utf8))))
  }

  /// It lasts for microseconds, while a parent reaps its child: only a crafted line shows it for certain.
  @Test(arguments: ["X", "x"]) func exitDeadIsBusy(_ state: Character) throws {
    let context = CheckpointContext(root: 41, isPreflight: false, acceptedLosses: [])
    let process = JobProcess(pid: 42, parent: 41, stat: try stat(42, "gone (1)", state))
    Zombies.refuseDead(process, context)
    let problem = try #require(context.problems.first)
    #expect(context.problems.count == 1)
    #expect(problem.errno == .resourceBusy && problem.why == "task state EXIT_DEAD")
    #expect(problem.task == TaskName(pid: 42, comm: "gone (1)"))
  }

  @Test(arguments: ["Z", "S", "R", "T", "D", "I"]) func otherStatesAreNotDead(_ state: Character) throws {
    let context = CheckpointContext(root: 41, isPreflight: false, acceptedLosses: [])
    Zombies.refuseDead(JobProcess(pid: 42, parent: 41, stat: try stat(42, "lives", state)), context)
    #expect(context.problems == [])
  }

  /// 256 exit statuses, 56 signals that kill, 10 of them also with the core flag.
  @Test func exitCodesThatCanBe() {
    let possible = (UInt32(0)..<0x20000).filter { Zombies.ExitCode(status: $0).violation == nil }
    #expect(possible.count == 256 + 56 + 10)
    #expect(possible.allSatisfy { $0 < 0x10000 })
  }

  @Test func leaderOfLivingThreadsIsNoZombie() throws {
    let process = JobProcess(pid: 42, parent: 0, stat: try stat(42, "leader", "Z", threads: 2, exitCode: 0x300))
    #expect(!process.isZombie && process.hasDeadLeader)
    let zombie = JobProcess(pid: 42, parent: 0, stat: try stat(42, "leader", "Z", threads: 1))
    #expect(zombie.isZombie && !zombie.hasDeadLeader)
  }
}
