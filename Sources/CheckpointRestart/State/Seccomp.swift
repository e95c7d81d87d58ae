/// seccomp(2) filters of a thread, with their order and flags, and the strict mode. Where a crtop that is killed could not
/// be survived, it is refused unless that risk is accepted.

internal import CLinux
internal import FoundationEssentials
internal import ImageSchema
internal import SystemCalls
internal import Tracing

enum Seccomp: ThreadState {
  /// SECCOMP_FILTER_FLAG_TSYNC, _LOG, _SPEC_ALLOW; SECCOMP_SET_MODE_FILTER (linux/seccomp.h).
  private static let (allThreads, log, speculate): (UInt64, UInt64, UInt64) = (1, 2, 4)
  private static let setFilter: UInt64 = 1

  static func inspect(_ status: ProcStatus, of thread: JobThread, _ process: JobProcess, _ context: CheckpointContext) {
    thread.isFiltered = status.seccomp == 2
    thread.image.strict = status.seccomp == 1
    thread.acceptsSeccompRisk = context.acceptedLosses.contains(.seccompRisk)
    if thread.image.strict && !thread.acceptsSeccompRisk {
      context.refuse(
        process.problem(
          .notSupported, "the strict seccomp mode of thread \(thread.tid)",
          why:
            "every call but read, write, exit and sigreturn ends it: if crtop were killed while it makes calls in it to save "
            + "its state, the task would be killed too",
          remedy: "let it use a filter (SECCOMP_SET_MODE_FILTER), or accept that: \(AcceptedLoss.seccompRisk.flag)"))
    }
    if status.seccomp != 0 && !Abilities.suspendsSeccomp {
      context.refuse(
        process.problem(
          .notPermitted, "the seccomp mode of thread \(thread.tid)",
          why: "reading and suspending it needs CAP_SYS_ADMIN, and a crtop without filters of its own",
          remedy: "run crtop as root, outside of the container"))
    }
  }

  /// Right after a thread has stopped. Its sleep would go on by restart_syscall(2), which filters do not expect: has it
  /// been stopped in one that would fail so, the call is made anew.
  static func protect(_ thread: JobThread) throws(Errno) {
    let registers = try thread.traced.registers()
    guard registers.restart == .block,
      ((try? readText("/proc/\(thread.tid)/status")) ?? "").contains("\nSeccomp:\t2")
    else { return }
    let again = registers.is32Bit ? CompatCall.restartSystemCall : Int(SYS_restart_syscall)
    switch (try? thread.traced.seccompFilters())?.action(number: again) {
    case .allow, .log: return
    default: try thread.traced.setRegisters(registers.withCallRepeated)
    }
  }

  /// Reads the filters of a stopped thread, and suspends them.
  static func read(_ thread: JobThread, of process: JobProcess) throws(Problem) {
    guard thread.isFiltered || thread.image.strict else { return }
    do throws(Errno) {
      try thread.traced.suspendSeccomp()
      guard thread.isFiltered else { return }
      thread.filters = try thread.traced.seccompFilters()
    } catch { throw error.problem(task: thread.traced.name, "cannot read its seccomp filters") }
    if thread.filters.contains(where: \.mayNotify) {
      throw process.problem(
        .notSupported, "the seccomp filter of thread \(thread.tid)",
        why: "it asks a process that listens (SECCOMP_RET_USER_NOTIF), which a restart cannot find again",
        remedy: "start the program without that filter")
    }
    for filter in thread.filters {
      var image = ImageSeccompFilter()
      (image.flags, image.program) = (filter.flags, Data(filter.program))
      let index = process.image.seccompFilters.firstIndex(of: image) ?? process.image.seccompFilters.count
      if index == process.image.seccompFilters.count { process.image.seccompFilters.append(image) }
      thread.image.seccompFilters.append(UInt32(index))
    }
  }

  /// Before a visit: no call of it may hurt the thread, whenever crtop ends.
  static func refuseDanger(_ calls: RemoteCalls, _ thread: JobThread, _ injection: Injection) throws(Problem) {
    guard thread.isFiltered, !thread.acceptsSeccompRisk,
      let number = injection.firstForbidden(by: thread.filters, in: calls, of: thread.traced)
    else { return }
    throw Problem(
      task: thread.traced.name, errno: .notSupported, what: "its seccomp filter",
      why:
        "it ends the thread at system call \(number), or forbids a call that the thread needs to get out of crtop's code: "
        + "if crtop were killed just then, the job would suffer",
      remedy: "let the filter allow that call, or accept that: \(AcceptedLoss.seccompRisk.flag)")
  }

  static func restore(
    _ thread: RestartingThread, of process: RestartingProcess, _ calls: inout RemoteCalls
  ) throws(Problem) {
    // What all threads have comes first and is one object for them all: else a later TSYNC of the program would fail.
    let all = process.image.threads.map(\.seccompFilters)
    let first = all.first ?? []
    let common = first.indices.prefix { index in all.allSatisfy { $0.starts(with: first[...index]) } }.count
    let isFirst = thread.tid == process.image.threads.first?.tid
    for index in thread.image.seccompFilters.dropFirst(isFirst ? 0 : common).indices {
      let filter = process.image.seccompFilters[Int(thread.image.seccompFilters[index])]
      let program = calls.place([UInt8](filter.program))
      let header = calls.place(words: [UInt64(filter.program.count / 8), program])
      let together = index < common && all.count > 1 ? allThreads : 0
      calls.call(
        Int(SYS_seccomp), setFilter, together | UInt64(filter.flags) & log | speculate, header, expecting: .value(0),
        naming: "seccomp filter (seccomp)")
    }
    if thread.image.strict {
      calls.call(Int(SYS_seccomp), 0, 0, 0, expecting: .value(0), naming: "strict seccomp mode (seccomp)")
    }
  }
}

extension ImageProcess {
  var usesSeccomp: Bool { !seccompFilters.isEmpty || threads.contains(where: \.strict) }
}
