/// Defines `Commit`: takes the scaffold out of all tasks, gives them their registers, and lets them go together.

internal import CLinux
internal import Glibc
internal import FoundationEssentials
internal import ImageSchema
internal import SystemCalls
internal import Tracing

struct Commit {
  let context: RestartContext

  init(_ context: RestartContext) { self.context = context }

  func run(_ scaffold: borrowing Scaffold) throws(Problem) {
    for process in context.live {
      for thread in process.threads {
        thread.registers = try RememberedCalls.restore(thread, of: process, scaffold)
      }
    }
    let memories = context.live.filter { $0.memoryOwner == $0.pid }
    for process in memories { try removeScaffold(process, scaffold) }
    for process in memories { try awaitRemoval(process) }
    for process in context.live {
      for thread in process.threads { try setState(thread) }
    }
    for process in context.live {
      for thread in process.threads { try TimedWaits.enter(thread) }
    }
    Terminals.give(context)
    for process in context.live {
      report(process)
      if process.image.controllingTerminal && context.inherited.sessionTerminal == nil {
        context.report.event(
          .note(process.name, "its session has no controlling terminal now: the one it had was outside the job"))
      }
    }
    // Until here everything dies with crtop. The two loops are as short as they can be: a crtop killed between them leaves
    // the tasks that it has not reached without their parents or children.
    for process in context.live {
      for thread in process.threads { try? thread.traced.setOptions(0) }
    }
    for process in context.live.reversed() {
      for thread in process.threads { thread.traced.detach() }
    }
    for process in context.stopped { awaitGroupStop(process) }
  }

  /// A task that is let go in a group stop enters it anew by itself (kernel/ptrace.c, __ptrace_unlink): whoever looks at it
  /// when the restart has returned finds it stopped.
  private func awaitGroupStop(_ process: RestartingProcess) {
    var patience = Patience(seconds: 1)
    var reader = ProcFileReader()
    while let stat = (try? reader.read("/proc/\(process.pid)/stat")).flatMap({ ProcStat($0) }), !stat.isStopped,
      !stat.isZombie, patience.pause()
    {}
  }

  private func report(_ process: RestartingProcess) {
    context.report.event(.task(TaskProgress(task: process.name, phase: .commit)))
  }

  /// munmap(2) of the code that the task runs on, by the system call instruction of its own vDSO.
  private func removeScaffold(
    _ process: RestartingProcess, _ scaffold: borrowing Scaffold
  ) throws(Problem) {
    guard let vdso = process.image.addressSpace.areas.first(where: { $0.kind == .vdso }) else {
      throw Problem(task: process.name, errno: .notSupported, what: "its vDSO", why: "the image has none")
    }
    let is32Bit = process.image.is32Bit
    guard let instruction = is32Bit ? Machine.systemCallInstruction32 : Machine.systemCallInstruction else {
      throw Problem(
        task: process.name, errno: .notSupported, what: "its vDSO", why: "it has no system call instruction")
    }
    do throws(Errno) {
      let registers = try process.driver.registers().calling(
        is32Bit ? CompatCall.munmap : Int(SYS_munmap), scaffold.range.lowerBound, UInt64(scaffold.range.count),
        at: vdso.start + instruction)
      try process.driver.setRegisters(registers)
      try process.driver.startCall()
    } catch { throw error.problem(task: process.name, "cannot take crtop's code out of the new task") }
  }

  private func awaitRemoval(_ process: RestartingProcess) throws(Problem) {
    do throws(Errno) {
      try process.driver.finishCall()
      guard try process.driver.registers().result == 0 else { throw .invalidArgument }
    } catch { throw error.problem(task: process.name, "cannot take crtop's code out of the new task") }
  }

  private func setState(_ thread: RestartingThread) throws(Problem) {
    guard let registers = thread.registers else { return }
    do throws(Errno) {
      try thread.traced.setExtendedState([UInt8](thread.image.extendedState))
      try thread.traced.setRegisters(registers)
      try thread.traced.setSignalMask(thread.image.blockedSignals)
    } catch {
      throw error.problem(
        task: thread.name, "cannot set its registers", remedy: "restart on the processor the image is from")
    }
  }
}
