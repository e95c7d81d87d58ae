/// The workloads are the judges of all round trips: here they are shown damage, and must see it.

internal import CLinux
internal import Glibc
import SystemCalls
import TestSupport
import Testing

/// Something that a wrong restart could do, done from outside.
private struct Damage: CustomTestStringConvertible, Sendable {
  var workload: String
  var testDescription: String
  var inflict: @Sendable (Job) throws -> Void

  init(_ workload: String, _ description: String, inflict: @escaping @Sendable (Job) throws -> Void) {
    self.workload = workload
    testDescription = "\(workload): \(description)"
    self.inflict = inflict
  }
}

private let damages = [
  Damage("tree", "a task lost") { job in
    guard let last = try job.tasks().last else { return }
    kill(last.pid, SIGKILL)
  },
  Damage("memory", "bytes of the heap") { try flipBytes(of: $0.pid, in: "[heap]") },
  Damage("inherited", "a page that is shared no more") { try touch($0.pid, pages: 512) },
  Damage("stack", "bytes of the stack") { try flipBytes(of: $0.pid, in: "[stack]") },
  Damage("limits", "a resource limit") { job in
    let limit = rlimit(rlim_cur: 77, rlim_max: 300)
    _ = try systemCall { unsafe withUnsafePointer(to: limit) { unsafe prlimit(job.pid, RLIMIT_NOFILE, $0, nil) } }
  },
  Damage("scheduling", "nice") { job in
    _ = try systemCall { setpriority(PRIO_PROCESS, id_t(job.pid), 15) }
  },
  Damage("zombies", "a SIGCHLD too many") { kill($0.pid, SIGCHLD) },
  Damage("pending", "a pending signal too many") { kill($0.pid, SIGUSR2) },
  Damage("posix-timers", "a timer's signal too many") { kill($0.pid, 41) },
  Damage("rest", "a second that its sleeps do not wait for") { job in
    for task in try job.tasks() { kill(task.pid, SIGSTOP) }
    pause(microseconds: 1_300_000)
    for task in try job.tasks() { kill(task.pid, SIGCONT) }
  },
  Damage("timers", "a signal of a timer too many") { kill($0.pid, SIGALRM) },
  Damage("files", "another content") { job in
    for name in try directoryEntries(job.directory) where name != "out" {
      try? writeFile("\(job.directory)/\(name)", "x")
    }
  },
  Damage("stopped", "a stopped task that runs") { job in
    for task in try job.tasks() where task.isStopped { kill(task.pid, SIGCONT) }
  },
  Damage("identity", "an attribute") { try writeFile("/proc/\($0.pid)/oom_score_adj", "5") },
  Damage("directories", "another working directory") {
    try renameFile("\($0.directory)/parent", "\($0.directory)/moved")
  },
  Damage("mixed", "a SIGCHLD too many") { job in
    for task in try job.tasks() where task.comm == "mourn" && task.parent == job.pid { kill(task.pid, SIGCHLD) }
  },
  Damage("pipes", "a byte taken out of each pipe") { job in
    for number in try directoryEntries("/proc/\(job.pid)/fd") {
      guard try readLink("/proc/\(job.pid)/fd/\(number)").hasPrefix("pipe:"),
        let end = try? OwnedDescriptor.open("/proc/\(job.pid)/fd/\(number)", O_RDONLY | O_NONBLOCK)
      else { continue }
      var byte: UInt8 = 0
      _ = unsafe read(end.number, &byte, 1)
    }
  },
  Damage("sleeper", "a sleeping child that is gone") { job in
    guard let last = try job.tasks().last else { return }
    kill(last.pid, SIGTERM)
  },
]

/// What a wrong restart could have left of a task, made by a system call inside it.
///
/// None is possible for membarrier, filters and filters-together: nothing takes a registration or a filter back. Still
/// missing are those of critical-section, dead-leader, futexes, registers and vdso.
private let injections = [
  Damage("threads", "the name of a thread") { try inject(lastThread($0.pid), SYS_prctl, "\(PR_SET_NAME)", "sp") },
  Damage("names", "the name of a process") { try inject($0.pid, SYS_prctl, "\(PR_SET_NAME)", "sp") },
  Damage("many-threads", "a thread that has ended") { try inject(lastThread($0.pid), SYS_exit, "1") },
  Damage("join", "a thread that has ended") { try inject(lastThread($0.pid), SYS_exit, "1") },
  Damage("robust", "a robust list") { try inject($0.pid, SYS_set_robust_list, "0", "24") },
  Damage("restartable", "a registration of rseq(2)") { try inject($0.pid, "rseq") },
  Damage("signals", "the blocked signals") { try inject($0.pid, SYS_rt_sigprocmask, "2", "sp", "0", "8") },
  Damage("files", "an offset") { try injectAll($0.pid, SYS_lseek, "1", "1") },
  Damage("counter", "a descriptor that is closed") { try injectAll($0.pid, SYS_close) },
  Damage("devices", "a descriptor that is closed") { try injectAll($0.pid, SYS_close) },
  Damage("locks", "a lock of flock(2)") { try injectAll($0.pid, SYS_flock, "\(LOCK_UN)") },
  Damage("sessions", "a process group") { job in
    guard let task = try job.tasks().last(where: { $0.session == getsid(job.pid) }) else { return }
    try inject(task.pid, SYS_setpgid, "0", task.group == job.pid ? "0" : "\(job.pid)")
  },
  Damage("ghosts", "another session") { job in
    for task in try job.tasks() where task.group != task.pid { try inject(task.pid, SYS_setsid) }
  },
  Damage("deaths", "a zombie too few") { try inject($0.pid, SYS_wait4, "-1", "0", "1", "0") },
  Damage("core-zombie", "a zombie too few") { try inject($0.pid, SYS_wait4, "-1", "0", "1", "0") },
  Damage("mourned", "zombies too few") { job in
    for task in try job.tasks() where !task.isZombie { try? inject(task.pid, SYS_wait4, "-1", "0", "1", "0") }
  },
  Damage("bereaved", "a child that nobody misses") { job in
    for task in try job.tasks() where task.pid != job.pid { try? inject(task.pid, SYS_wait4, "-1", "0", "1", "0") }
    if let last = try job.tasks().last { kill(last.pid, SIGKILL) }
  },
  Damage("random-tree", "zombies too few") { job in
    for task in try job.tasks() where !task.isZombie && !task.isStopped {
      try? inject(task.pid, SYS_wait4, "-1", "0", "\(0x4000_0001)", "0")  // __WALL, WNOHANG
    }
  },
  Damage("sharing", "tables that are shared no more") { job in
    for task in try job.tasks() where task.pid != job.pid {
      try? inject(task.pid, SYS_unshare, "\(CLONE_FILES | CLONE_FS)")
    }
  },
  Damage("timers", "timers that are off") { job in
    for timer in 0...2 { try inject(job.pid, SYS_setitimer, "\(timer)", "0", "0") }
  },
  Damage("continued", "a stop too many") { job in
    for task in try job.tasks() where task.pid != job.pid { kill(task.pid, SIGSTOP) }
  },
  Damage("credentials", "no_new_privs") { job in
    for task in try job.tasks() { try? inject(task.pid, SYS_prctl, "\(PR_SET_NO_NEW_PRIVS)", "1", "0", "0", "0") }
  },
  Damage("guards", "guard regions that are gone") { job in
    let advice = "103"  // MADV_GUARD_REMOVE
    for area in try areas(of: job.pid) {
      try? inject(job.pid, SYS_madvise, "\(area.lowerBound)", "\(area.count)", advice)
    }
  },
  Damage("mappings", "the content of a file") { job in
    try writeFile("\(job.directory)/shared", [UInt8](repeating: 0x55, count: 1 << 17), mode: 0o644)
  },
]

private func inject(_ tid: Int32, _ call: String, _ arguments: [String] = []) throws {
  let injection = try ChildProcess(Programs.workloads, ["--inject", "\(tid)", call] + arguments)
  let status = try injection.wait()
  guard status == .exited(0) else { throw TestFailure("injection of \(call): \(status)") }
}

private func inject(_ tid: Int32, _ call: Int32, _ arguments: String...) throws {
  try inject(tid, "\(call)", arguments)
}

/// For each descriptor but the report.
private func injectAll(_ pid: Int32, _ call: Int32, _ arguments: String...) throws {
  for number in try directoryEntries("/proc/\(pid)/fd").compactMap({ Int32($0) }) where number > 2 {
    try? inject(pid, "\(call)", ["\(number)"] + arguments)
  }
}

private func lastThread(_ pid: Int32) -> Int32 { threads(of: pid).max() ?? pid }

/// The areas of anonymous memory that a program has mapped.
private func areas(of pid: Int32) throws -> [Range<Int>] {
  try readText("/proc/\(pid)/maps").split(separator: "\n").filter { $0.split(separator: " ").count == 5 }.compactMap {
    let bounds = $0.split(separator: " ")[0].split(separator: "-").compactMap { Int($0, radix: 16) }
    return bounds.count == 2 ? bounds[0]..<bounds[1] : nil
  }
}

/// Writes a byte of an area, recognized by its size, as it is.
private func touch(_ pid: Int32, pages: Int) throws {
  let memory = try OwnedDescriptor.open("/proc/\(pid)/mem", O_RDWR)
  for line in try readText("/proc/\(pid)/maps").split(separator: "\n") {
    let bounds = line.split(separator: " ")[0].split(separator: "-").compactMap { Int($0, radix: 16) }
    guard bounds.count == 2, bounds[1] - bounds[0] == pages * 4096 else { continue }
    var byte: UInt8 = 0
    _ = try systemCall { unsafe pread(memory.number, &byte, 1, bounds[0]) }
    _ = try systemCall { unsafe pwrite(memory.number, &byte, 1, bounds[0]) }
  }
}

/// Flips a bit of each of 64 words in the middle of an area.
private func flipBytes(of pid: Int32, in area: String) throws {
  let line = try #require(readText("/proc/\(pid)/maps").split(separator: "\n").first { $0.hasSuffix(area) })
  let bounds = line.split(separator: " ")[0].split(separator: "-").compactMap { Int($0, radix: 16) }
  let middle = (bounds[0] + bounds[1]) / 2 & ~7
  let memory = try OwnedDescriptor.open("/proc/\(pid)/mem", O_RDWR)
  var block = [UInt8](repeating: 0, count: 512)
  _ = try systemCall {
    unsafe block.withUnsafeMutableBytes { unsafe pread(memory.number, $0.baseAddress, $0.count, middle) }
  }
  for index in stride(from: 0, to: block.count, by: 8) { block[index] ^= 0x10 }
  _ = try systemCall { unsafe block.withUnsafeBytes { unsafe pwrite(memory.number, $0.baseAddress, $0.count, middle) } }
}

extension CommandLine {
  @Suite struct Damages {
    @Test(.timeLimit(.minutes(1)), arguments: damages + injections)
    fileprivate func isSeen(_ damage: Damage) throws {
      let sandbox = try Sandbox()
      let job = try Job(damage.workload, in: sandbox)
      try damage.inflict(job)
      try writeFile("\(job.directory)/verdict", "")
      let failed = try eventually("the verdict") { () -> Bool? in
        let report = job.report
        if report.contains(where: { $0.hasPrefix("FAIL") }) { return true }
        return report.contains("PASS") || !isTaken(job.pid) ? false : nil
      }
      #expect(failed, "\(damage.testDescription) was not seen")
    }
  }
}
