import Glibc
import ProcessTree
import SystemCalls
import TestSupport
import Testing

extension FreezerGroup.Mount: CustomTestStringConvertible {
  public var testDescription: String { "v\(version) freezer" }
}

/// Real children of this test. Serialized: they start processes and one looks at all of /proc.
@Suite(.serialized, .timeLimit(.minutes(1))) struct SamplerTests {
  @Test func aSleepingChild() throws {
    let child = try Child(["/bin/sleep", "1000"])
    let sampler = try ProcessSampler()
    let record = try waitFor(sampler, child.pid) { $0.arguments.count == 2 && $0.state == .sleeping }
    #expect(record.ppid == getpid())
    #expect(record.pgid == getpgid(child.pid) && record.sid == getsid(child.pid))
    #expect(record.arguments == ["/bin/sleep", "1000"])
    #expect(record.commandLine == "/bin/sleep 1000")
    #expect(record.userID == geteuid())
    #expect(record.threads == 1)
    #expect(record.residentBytes > 0 && record.virtualBytes > record.residentBytes)
    #expect(!record.isKernelThread)
    #expect(record.exitStatus == nil)
    let tree = sampler.snapshot().tree
    #expect(tree.children(of: getpid()).contains { $0.identity == record.identity })
    #expect(tree.subtree(of: record.identity).map(\.pid) == [child.pid])
  }

  @Test func aStoppedChild() throws {
    let child = try Child(["/bin/sleep", "1000"])
    kill(child.pid, SIGSTOP)
    let record = try waitFor(try ProcessSampler(), child.pid) { $0.state == .stopped }
    #expect(record.state.letter == "T")
  }

  @Test func zombiesTellHowTheyEnded() throws {
    let sampler = try ProcessSampler()
    let exited = try Child(["/bin/sh", "-c", "exit 130"])
    #expect(try waitFor(sampler, exited.pid) { $0.state == .zombie }.exitStatus?.rawValue == 33280)
    let killed = try Child(["/bin/sleep", "1000"])
    kill(killed.pid, SIGKILL)
    let record = try waitFor(sampler, killed.pid) { $0.state == .zombie }
    #expect(record.exitStatus?.description == "killed by SIGKILL")
    #expect(record.arguments.isEmpty && !record.hasDeadLeader)
  }

  @Test func reapedChildrenVanish() throws {
    let sampler = try ProcessSampler()
    let child = try Child(["/bin/sleep", "1000"])
    _ = try waitFor(sampler, child.pid) { _ in true }
    child.end()
    #expect(sampler.snapshot().tree[child.pid] == nil)
  }

  @Test func aBusyChildUsesTheProcessor() throws {
    let child = try Child(["/bin/sh", "-c", "while :; do :; done"])
    let sampler = try ProcessSampler()
    let record = try waitFor(sampler, child.pid) { $0.cpuPercent > 1 }
    #expect(record.cpuTicks > 0)
  }

  @Test func threadsOfThisProcess() throws {
    let gate = ThreadGate()
    defer { gate.open() }
    try gate.start(3)
    let record = try waitFor(try ProcessSampler(), getpid()) { $0.threads >= 4 }
    let threads = try ProcessSampler.threads(of: getpid())
    #expect(threads.count >= 4)
    #expect(threads.first?.tid == getpid())
    #expect(record.threads >= 4)
    #expect(throws: Errno.self) { try ProcessSampler.threads(of: 999_999_999) }
  }

  @Test func anExecIsNoticed() throws {
    let child = try Child(["/bin/sh", "-c", "read x; exec sleep 1000"])
    let sampler = try ProcessSampler()
    _ = try waitFor(sampler, child.pid) { $0.comm == "sh" }
    child.feed("\n")
    _ = try waitFor(sampler, child.pid) { $0.comm == "sleep" }
    // In the middle of exec(2) the command line is empty; one snapshot later it must be right.
    _ = try waitFor(sampler, child.pid) { _ in true }
    #expect(sampler.snapshot().tree[child.pid]?.arguments == ["sleep", "1000"])
  }

  /// Where a v1 or v2 freezer can be used: a frozen child is frozen, and not what its letter says.
  @Test(
    .enabled(if: !FreezerGroup.usable.isEmpty, "needs a freezer that may be written"), arguments: FreezerGroup.usable)
  func aFrozenChild(mount: FreezerGroup.Mount) throws {
    let child = try Child(["/bin/sleep", "1000"])
    let sampler = try ProcessSampler()
    _ = try waitFor(sampler, child.pid) { $0.state == .sleeping }
    let group = try FreezerGroup(mount, named: "crtop-test-\(getpid())")
    try group.add(child.pid)
    try group.freeze(true)
    let record = try waitFor(sampler, child.pid) { $0.state == .frozen }
    #expect(record.kernelState != .frozen)
    #expect(record.cgroup.contains("crtop-test") || mount.version == 2)
    try group.freeze(false)
    _ = try waitFor(sampler, child.pid) { $0.state == .sleeping }
    child.end()
  }
}

/// Takes snapshots until the process is as wanted; ten seconds at most.
private func waitFor(
  _ sampler: ProcessSampler, _ pid: Int32, _ wanted: (ProcessRecord) -> Bool
) throws -> ProcessRecord {
  var last: ProcessRecord?
  do {
    return try eventually("process \(pid)", seconds: 10, every: 10_000) {
      last = sampler.snapshot().tree[pid]
      return last.flatMap { wanted($0) ? $0 : nil }
    }
  } catch { throw TestFailure("\(error); last seen: \(String(describing: last))") }
}
