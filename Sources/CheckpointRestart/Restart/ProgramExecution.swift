/// Defines `ProgramExecution`: gives new tasks an address space of the other kind, 32-bit or 64-bit, than the one they were
/// born with. Only execve(2) makes one; everything else that it changes is set later anyway.

internal import CLinux
internal import ImageSchema
internal import SystemCalls
internal import Tracing

/// The programs to be executed, open in crtop and so in all new tasks.
struct ProgramExecution {
  private let context: RestartContext
  /// By whether it is a 32-bit program: the descriptor, and its system call instruction.
  private var stubs: [Bool: (descriptor: Int32, instruction: UInt64)] = [:]

  init(_ context: RestartContext) throws(Problem) {
    self.context = context
    for kind in Set(context.processes.filter(context.mustExecute).map(\.image.is32Bit)) {
      let stub: ProgramStub
      do throws(Errno) { stub = try ProgramStub(is32Bit: kind) } catch {
        throw error.problem("cannot make a program for new address spaces (memfd_create)")
      }
      stubs[kind] = (try context.inherited.adopt(stub.file), stub.instruction)
    }
  }

  /// Lets those of the tasks execute that must; they have no children and nothing of their own yet.
  func run(
    _ processes: [RestartingProcess], _ scaffold: borrowing Scaffold, _ creation: borrowing TaskCreation
  ) throws(Problem) {
    for process in processes where context.mustExecute(process) {
      guard let stub = stubs[process.image.is32Bit] else { continue }
      var calls = scaffold.newCalls(slot: process.slot)
      context.inherited.keepOnExecution(&calls)
      try scaffold.run(process.leader, &calls, stopSignal: process.stopSignal)
      calls = scaffold.newCalls(slot: process.slot)
      let (empty, none) = (calls.place(""), calls.place(words: [0]))
      calls.call(
        Int(SYS_execveat), UInt64(stub.descriptor), empty, none, none, UInt64(CRTOP_AT_EMPTY_PATH),
        naming: "program (execveat)")
      try scaffold.execute(process.leader, in: calls, instruction: stub.instruction)
      try creation.clear(process.leader, scaffold, process, is32Bit: process.image.is32Bit)
      calls = scaffold.newCalls(slot: process.slot)
      Credentials.keepCapabilities(process.inheritedCredentials, &calls)
      try scaffold.run(process.leader, &calls, stopSignal: process.stopSignal)
    }
  }
}

extension RestartContext {
  /// The process by whose memory a new one is born with; `nil`: with nothing of the job.
  func memoryDonor(of process: RestartingProcess) -> RestartingProcess? {
    var creator = byPID[process.creator]
    while let zombie = creator, zombie.isZombie { creator = byPID[zombie.creator] }
    return creator.flatMap { byPID[$0.memoryOwner] }
  }

  /// Whether a process has to execute a program to have an address space of its kind.
  func mustExecute(_ process: RestartingProcess) -> Bool {
    !process.isZombie && process.memoryOwner == process.pid
      && process.image.is32Bit != (memoryDonor(of: process)?.image.is32Bit ?? false)
  }
}
