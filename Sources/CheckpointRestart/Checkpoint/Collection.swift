/// Saves what only the tasks themselves can tell: registers by ptrace(2), the rest by system calls made inside them.

internal import CLinux
internal import FoundationEssentials
internal import Glibc
internal import ImageSchema
internal import SystemCalls
internal import Tracing

/// The visit to all stopped processes; many work at once.
struct Collection {
  let context: CheckpointContext

  /// A visit to one process.
  private struct Visit {
    let process: JobProcess
    let injection: Injection
    var calls: RemoteCalls
    var completions: [Completion] = []
  }

  /// Fills in the rest of all processes' images.
  func run(onProgress: (JobProcess) throws(Problem) -> Void) throws(Problem) {
    let processes = context.liveProcesses
    Keyrings.findNames(for: context)
    try collect(processes.filter { $0.image.sharedTables.memory == 0 }, onProgress)
    // In one memory there is room for one visit.
    for process in processes where process.image.sharedTables.memory != 0 { try collect([process], onProgress) }
  }

  private func collect(
    _ processes: [JobProcess], _ onProgress: (JobProcess) throws(Problem) -> Void
  ) throws(Problem) {
    var visits: [Visit] = []
    do throws(Problem) {
      for process in processes {
        try onProgress(process)
        if let visit = try begin(process) { visits.append(visit) }
      }
      for index in visits.indices {
        try finish(&visits[index])
        let visit = visits[index]
        for thread in visit.process.threads.dropFirst() { try self.visit(thread, visit) }
        PosixTimers.settle(visit.process)
        TimerOverruns.settle(visit.process, context)
      }
    } catch {
      for visit in visits { visit.injection.abandon() }
      throw error
    }
  }

  private func begin(_ process: JobProcess) throws(Problem) -> Visit? {
    guard let leader = process.threads.first else { return nil }
    for thread in process.threads {
      try Seccomp.read(thread, of: process)
      try RareSettings.refuseOutside(thread, of: process)
      try readRegisters(thread, process)
    }
    let executable =
      process.areas.filter { $0.name == "[vdso]" }
      + process.areas.filter {
        $0.name.hasPrefix("/") && !$0.isShared && $0.has("ex") && $0.has("rd")
      }
    var signals = process.status.signals
    for information in process.threads.flatMap(\.image.pendingSignals).map(\.information) {
      if let number = information.first, (1...64).contains(number) { signals.pending |= SignalSets.bit(Int32(number)) }
    }
    // Best one that no thread blocks either: a blocked signal may be waited for (sigwait(3)).
    var unblocked = signals
    for thread in process.threads { unblocked.pending |= thread.image.blockedSignals }
    let injection = try Injection(
      into: leader.traced, signals: unblocked.harmlessSignal == nil ? signals : unblocked,
      executable: executable.map(\.range),
      scratch: try freeRange(process))
    try letOut(process, injection)
    injection.adoptScratch()
    var visit = Visit(process: process, injection: injection, calls: injection.newCalls())
    for kind in KindsOfState.process {
      if let completion = kind.save(process, &visit.calls) { visit.completions.append(completion) }
    }
    add(leader, &visit)
    guard let registers = leader.registers else { return nil }
    try Seccomp.refuseDanger(visit.calls, leader, injection)
    try injection.enter(leader.traced, registers: registers)
    try injection.start(visit.calls)
    return visit
  }

  private func add(_ thread: JobThread, _ visit: inout Visit) {
    for kind in KindsOfState.thread {
      if let completion = kind.save(thread, of: visit.process, &visit.calls) { visit.completions.append(completion) }
    }
  }

  private func finish(_ visit: inout Visit) throws(Problem) {
    try visit.injection.finish(&visit.calls)
    for completion in visit.completions { try completion(visit.calls) }
    let process = visit.process
    try visit.injection.leave(last: process.threads.count == 1)
    try finishThread(process.threads[0], process)
  }

  private func visit(_ thread: JobThread, _ leaderVisit: Visit) throws(Problem) {
    guard let registers = thread.registers else { return }
    let process = leaderVisit.process
    var visit = Visit(process: process, injection: leaderVisit.injection, calls: leaderVisit.injection.newCalls())
    add(thread, &visit)
    try Seccomp.refuseDanger(visit.calls, thread, visit.injection)
    try visit.injection.enter(thread.traced, registers: registers)
    try visit.injection.start(visit.calls)
    try visit.injection.finish(&visit.calls)
    for completion in visit.completions { try completion(visit.calls) }
    try visit.injection.leave(last: thread.tid == process.threads.last?.tid)
    try finishThread(thread, process)
  }

  private func readRegisters(_ thread: JobThread, _ process: JobProcess) throws(Problem) {
    let registers: Registers
    do throws(Errno) { registers = try thread.traced.registers() } catch {
      throw error.problem(task: thread.traced.name, "cannot read its registers")
    }
    try Program32.refuseOtherMode(registers, of: process)
    do throws(Errno) {
      try RememberedCalls.save(registers, thread, context)
      TimedWaits.save(thread, context)
      try PendingSignals.read(thread, of: process)
      thread.registers = try RestartableSequences.abortingCriticalSection(registers, thread)
      thread.image.extendedState = Data(try thread.traced.extendedState())
    } catch {
      if error == .argListTooLong {
        throw process.problem(
          error, "its pending signals", why: "more than \(PendingSignals.maximum) are pending",
          remedy: "try again when the program has taken them")
      }
      throw error.problem(task: thread.traced.name, "cannot read its registers")
    }
  }

  private func finishThread(_ thread: JobThread, _ process: JobProcess) throws(Problem) {
    // Again, after its timers were read: one that has gone off meanwhile has left its signal here.
    do throws(Errno) { try PendingSignals.readQueues(thread, of: process) } catch {
      throw error.problem(task: thread.traced.name, "cannot read its pending signals")
    }
    thread.image.registers = Data(thread.registers?.bytes ?? [])
    process.image.threads.append(thread.image)
  }

  /// A thread that a killed crtop left inside its code heals by itself; it is given the time to do so.
  private func letOut(_ process: JobProcess, _ injection: Injection) throws(Problem) {
    for thread in process.threads {
      guard let registers = thread.registers, injection.isInside(registers) else { continue }
      do throws(Errno) {
        try thread.traced.resume()
        pause(milliseconds: 1)
        try thread.traced.interrupt()
        _ = try thread.traced.waitForStop()
      } catch { throw error.problem(task: thread.traced.name, "cannot let it out of crtop's code") }
      try readRegisters(thread, process)
      guard let registers = thread.registers, !injection.isInside(registers) else {
        throw process.problem(
          .resourceBusy, "the task", why: "it is inside code that a crtop which was killed has left",
          remedy: "try again")
      }
    }
  }

  /// A free range for scratch memory.
  private func freeRange(_ process: JobProcess) throws(Problem) -> UInt64 {
    let length = UInt64(RemoteCalls.scratchLength)
    guard let start = FreeRange.find(length, between: process.areas.map(\.range)) else {
      throw process.problem(.noMemory, "its address space", why: "there is no free range of \(length) bytes")
    }
    return start
  }
}
