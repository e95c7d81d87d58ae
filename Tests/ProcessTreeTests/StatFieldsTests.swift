import ProcessTree
import SystemCalls
import Testing

/// Lines as proc_pid_stat(5) describes them. The name may hold anything; the numbers behind it decide.
@Suite struct StatFieldsTests {
  /// Field:     3 4 5 6 7 8 9 10-13 14 15 16-17 18 19 20 21 22 23 24 25-51 52
  static let tail = " 7302 7301 5137 34818 -1 4194304 100 0 0 0 11 31 0 0 20 -5 3 0 158628 3133440 418"
  static let rest = " 18446744073709551615 1 2 3" + String(repeating: " 0", count: 23)

  private func parse(_ line: String) -> StatFields? {
    let bytes = Array(line.utf8)
    return StatFields(bytes, count: bytes.count)
  }

  @Test(arguments: [
    "cat", "tmux: server", "a) S 1 1 1", "(sd-pam)", "new\nline", ") Z 9 9 9 (", "", "kworker/0:0-mm_percpu_wq", "é世",
  ])
  func nameIsWhatStandsBeforeTheLastParenthesis(name: String) throws {
    let line = "7308 (\(name)) R\(Self.tail)\(Self.rest) 0\n"
    let fields = try #require(parse(line))
    #expect(String(decoding: Array(line.utf8)[fields.comm], as: UTF8.self) == name)
    #expect(fields.pid == 7308)
    #expect(fields.state == .running)
    #expect([fields.ppid, fields.pgid, fields.sid] == [7302, 7301, 5137])
    #expect(fields.terminal == 34818)
    #expect(fields.cpuTicks == 42)
    #expect(fields.priority == 20 && fields.nice == -5)
    #expect(fields.threads == 3)
    #expect(fields.startTime == 158628)
    #expect(fields.virtualBytes == 3_133_440 && fields.residentPages == 418)
    #expect(!fields.isKernelThread)
  }

  @Test(arguments: [(33280, "exited 130"), (139, "killed by SIGSEGV, core dumped"), (64, "killed by SIGRTMAX")])
  func exitCodeOfAZombieIsField52(code: Int, words: String) throws {
    let fields = try #require(parse("9 (x) Z\(Self.tail)\(Self.rest) \(code)\n"))
    #expect(fields.exitCode == Int32(code))
    #expect(ExitStatus(rawValue: fields.exitCode).description == words)
  }

  @Test func kernelThreadHasTheFlag() throws {
    // PF_KTHREAD is 0x200000.
    let fields = try #require(parse("2 (kthreadd) S 0 0 0 0 -1 2129984 0 0 0 0 0 0 0 0 20 0 1 0 5 0 0"))
    #expect(fields.isKernelThread)
  }

  @Test(arguments: [
    "", "7308", "7308 (cat", "7308 (cat)", "7308 (cat) ", "7308 (cat) R", "x (cat) R" + tail, "7308 (cat) Q" + tail,
    "7308 (cat) R 1 2 3", "99999999999 (cat) R" + tail,
    "7308 (cat) R 99999999999 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 1 1 1",
    "7308 (cat) Z" + tail, "7308 (cat) Z" + tail + rest + " 65536", "7308 (cat) Z" + tail + rest + " -1",
  ])
  func brokenLinesAreRefused(line: String) {
    #expect(parse(line) == nil)
  }
}

@Suite struct SmallParserTests {
  @Test func cgroupsOfBothVersions() {
    let text = "9:name=systemd:/\n6:cpu,freezer:/job:1/a b\n4:memory:/m\n0::/unified/x\n"
    let paths = CgroupPaths(ByteScanner(Array(text.utf8)))
    #expect(paths == CgroupPaths(freezer: "/job:1/a b", unified: "/unified/x"))
    #expect(paths.shown == "/job:1/a b")
    #expect(CgroupPaths(ByteScanner(Array("0::/only\n".utf8))).shown == "/only")
    #expect(CgroupPaths(ByteScanner([])).shown == "/")
  }

  @Test func cgroupMountsNeedTheWholeHierarchy() {
    let text = """
      30 25 0:26 / /sys/fs/cgroup/freezer rw,relatime shared:9 - cgroup cgroup rw,freezer
      31 25 0:27 /sub /sys/fs/cgroup/part rw,relatime - cgroup2 cgroup2 rw
      32 25 0:27 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw
      broken
      """
    let mounts = CgroupMounts(ByteScanner(Array(text.utf8)))
    #expect(mounts.freezer == "/sys/fs/cgroup/freezer")
    #expect(mounts.unified == "/sys/fs/cgroup/unified")
  }

  @Test func effectiveUserIsTheSecond() {
    #expect(effectiveUser(ByteScanner(Array("Name:\tx\nUid:\t1000\t33\t1000\t33\n".utf8))) == 33)
    #expect(effectiveUser(ByteScanner(Array("Uid:\t1000\n".utf8))) == nil)
    #expect(effectiveUser(ByteScanner(Array("Name:\tx\n".utf8))) == nil)
  }

  @Test func commandLinesKeepEmptyArgumentsAndDropPadding() {
    #expect(commandLine(ByteScanner(Array("sh\0-c\0\0x y\0".utf8))) == ["sh", "-c", "", "x y"])
    #expect(commandLine(ByteScanner(Array("sshd: root\0\0\0\0".utf8))) == ["sshd: root"])
    #expect(commandLine(ByteScanner([])).isEmpty)
  }

  @Test func machine() {
    var machine = MachineStatus()
    machine.readLoad(ByteScanner(Array("0.92 0.35 0.17 1/85 7312\n".utf8)))
    #expect([machine.load1, machine.load5, machine.load15] == [0.92, 0.35, 0.17])
    machine.readMemory(ByteScanner(Array("MemTotal:  100 kB\nX: 1 kB\nMemAvailable:   40 kB\nSwapFree: 3 kB".utf8)))
    #expect(machine.memoryUsed == 60 * 1024 && machine.swapFree == 3072)
    let before = ProcessorTimes(ByteScanner(Array("cpu  10 0 10 80 0 0 0 0 0 0\n".utf8)))
    let after = ProcessorTimes(ByteScanner(Array("cpu  20 5 15 90 10 0 0 10 0 0\n".utf8)))
    #expect(after.percent(since: before) == 60)
    #expect(before.percent(since: after) == 0)
  }

  @Test func exitStatusInWords() {
    #expect(ExitStatus(rawValue: 0).description == "exited 0")
    #expect(ExitStatus(rawValue: 15).description == "killed by SIGTERM")
    #expect(ExitStatus(rawValue: 36).description == "killed by SIGRTMIN+2")
    #expect(ExitStatus(rawValue: 32).description == "killed by signal 32")
    #expect(ExitStatus(rawValue: 0x8b).dumpedCore)
    #expect(ExitStatus(rawValue: 0x100).code == 1)
  }
}
