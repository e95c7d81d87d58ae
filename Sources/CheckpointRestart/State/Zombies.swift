/// Zombie tasks: comm, exit code and what the tree needs; nothing else exists any more (the series' patch 28).

internal import CLinux
internal import ImageSchema
internal import SystemCalls
internal import Tracing

enum Zombies {
  /// The wait status of a zombie.
  struct ExitCode {
    let status: UInt32

    var signal: Int32 { Int32(status & 0x7f) }
    var hasCoreFlag: Bool { status & 0x80 != 0 }
    var exitStatus: UInt32 { status >> 8 }

    /// Signals whose default action dumps core (signal(7)).
    static let coreSignals: Set<Int32> = [
      SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGXCPU, SIGXFSZ, SIGSYS,
    ]
    /// Signals that do not end a process by default, or never (signal(7)).
    static let harmless: Set<Int32> = [SIGCHLD, SIGCONT, SIGURG, SIGWINCH, SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU]

    /// The series' rule: below 0x10000; an exit status or a signal, not both; the core flag only with a core signal.
    var violation: String? {
      if status >= 0x10000 { return "it is not below 0x10000" }
      guard status & 0xff != 0 else { return nil }
      if exitStatus != 0 { return "it has an exit status and a signal" }
      if !(1...64).contains(signal) || Self.harmless.contains(signal) { return "signal \(signal) cannot end a task" }
      if hasCoreFlag && !Self.coreSignals.contains(signal) { return "signal \(signal) dumps no core" }
      return nil
    }
  }

  /// Fills the image of a zombie.
  static func save(_ process: JobProcess, _ context: CheckpointContext) {
    process.image.state = .zombie
    process.image.exitCode = process.isCaller ? SelfCheckpoint.waitStatus : process.stat.exitCode
    process.image.exitSignal = UInt32(bitPattern: process.stat.exitSignal)
    Credentials.saveDead(process)
    refuseDead(process, context)
    if process.parent == 0 {
      context.refuse(
        process.problem(
          .invalidArgument, "the subtree's root", why: "it is a zombie: nothing is left of it that could run",
          remedy: "checkpoint its parent \(process.stat.ppid)"))
    }
    let code = ExitCode(status: process.image.exitCode)
    if code.hasCoreFlag && !CoreFlag.canBeMade && !context.acceptedLosses.contains(.coreFlag) {
      context.refuse(coreFlagProblem(process.name))
    }
  }

  static func coreFlagProblem(_ task: TaskName) -> Problem {
    Problem(
      task: task, errno: .notSupported, what: "its core-dump flag",
      why: "core_pattern does not allow making it again without leaving a file",
      remedy: "accept its loss: --accept core-flag")
  }

  /// A task between zombie and nothing, which its parent has just reaped: EBUSY, as in the series.
  static func refuseDead(_ process: JobProcess, _ context: CheckpointContext) {
    guard process.stat.isDead else { return }
    context.refuse(process.problem(.resourceBusy, "the task", why: "task state EXIT_DEAD", remedy: "try again"))
  }

  /// Why an image's exit code could not have existed; `nil`: it could.
  static func violation(_ image: ImageProcess) -> String? {
    let code = ExitCode(status: image.exitCode)
    if image.state == .zombie {
      if image.deadLeader { return "dead_leader is set, and a zombie has no threads" }
      return code.violation
    }
    guard image.deadLeader else { return image.exitCode == 0 ? nil : "a living task carries none" }
    // A signal would have ended the whole group.
    return code.violation ?? (code.signal == 0 ? nil : "a leader whose threads live on has ended by exit(2)")
  }

  /// A zombie to be borrows its parent's memory, which costs nothing, unless it has to dump core.
  static func cloneFlags(_ image: ImageProcess) -> UInt64 {
    image.state == .zombie && !ExitCode(status: image.exitCode).hasCoreFlag ? UInt64(CLONE_VM) : 0
  }

  /// The calls by which a new task takes its name and ends. None of them returns the last time.
  static func end(_ process: RestartingProcess, _ calls: inout RemoteCalls) {
    let code = ExitCode(status: process.image.exitCode)
    takeName(process, &calls)
    if code.signal == 0 {
      Credentials.restoreDead(process, &calls)
      calls.call(Int(SYS_exit_group), UInt64(code.exitStatus), expecting: .anything, naming: "exit")
      return
    }
    if code.signal != SIGKILL {
      // crtop may have been started with the signal ignored.
      let standard = calls.place(words: [0, 0, 0, 0])
      calls.call(
        Int(SYS_rt_sigaction), UInt64(code.signal), standard, 0, 8, expecting: .value(0),
        naming: "signal action (rt_sigaction)")
    }
    if code.hasCoreFlag && CoreFlag.canBeMade {
      CoreFlag.prepare(&calls)
    } else {
      let none = calls.place(words: [0, 0])
      calls.call(
        Int(SYS_prlimit64), 0, UInt64(RLIMIT_CORE.rawValue), none, 0, expecting: .value(0),
        naming: "core limit (prlimit)")
    }
    Credentials.restoreDead(process, &calls)
    calls.call(
      Int(SYS_kill), UInt64(process.pid), UInt64(code.signal), expecting: .anything, naming: "death by signal (kill)")
  }
}

extension Zombies {
  static func takeName(_ process: RestartingProcess, _ calls: inout RemoteCalls) {
    let name = calls.place(process.image.commBytes + [0])
    calls.call(Int(SYS_prctl), UInt64(PR_SET_NAME), name, expecting: .value(0), naming: "name (PR_SET_NAME)")
  }
}

/// WCOREDUMP of a zombie: made by a real dump, into a private tmpfs that vanishes with the task.
enum CoreFlag {
  /// Only a relative core_pattern without a pipe writes where we want it (core(5)).
  static var canBeMade: Bool {
    guard let pattern = try? readText("/proc/sys/kernel/core_pattern") else { return false }
    return !pattern.hasPrefix("/") && !pattern.hasPrefix("|") && !pattern.hasPrefix("@") && geteuid() == 0
  }

  static func prepare(_ calls: inout RemoteCalls) {
    let (none, root, tmpfs) = (calls.place("none"), calls.place("/"), calls.place("tmpfs"))
    let (target, size) = (calls.place("/tmp"), calls.place("size=64k"))
    let limit = calls.place(words: [4096, 4096])
    calls.call(Int(SYS_unshare), UInt64(CLONE_NEWNS), expecting: .value(0), naming: "private mounts (unshare)")
    calls.call(
      Int(SYS_mount), none, root, 0, UInt64(MS_REC | MS_PRIVATE), 0, expecting: .value(0),
      naming: "private mounts (mount)")
    calls.call(Int(SYS_mount), tmpfs, target, tmpfs, 0, size, expecting: .value(0), naming: "private tmpfs (mount)")
    calls.call(Int(SYS_chdir), target, expecting: .value(0), naming: "private tmpfs (chdir)")
    calls.call(
      Int(SYS_prlimit64), 0, UInt64(RLIMIT_CORE.rawValue), limit, 0, expecting: .value(0),
      naming: "core limit (prlimit)")
  }
}
