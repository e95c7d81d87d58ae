/// Defines what a kind of state is. Each is one file here that both saves and restores it, and one line in a list below.

internal import ImageSchema
internal import SystemCalls
internal import Tracing

/// What is done with the results of calls that a kind has asked for.
typealias Completion = (RemoteCalls) throws(Problem) -> Void

/// State that belongs to a whole process.
protocol ProcessState: Sendable {
  /// Reads what can be read from outside, and refuses what cannot be saved or restored exactly. Also run by a preflight,
  /// on a process that is not stopped. Many processes are inspected at once: what they share is in `context.shared`.
  static func inspect(_ process: JobProcess, _ context: CheckpointContext)

  /// Asks for the calls that must be made inside the process to know its state.
  static func save(_ process: JobProcess, _ calls: inout RemoteCalls) -> Completion?

  /// Asks for the calls that give a new process its state. Its memory and descriptors are there, its threads not yet.
  static func restore(_ process: RestartingProcess, _ context: RestartContext, _ calls: inout RemoteCalls)
    throws(Problem)
}

/// State that belongs to one thread.
protocol ThreadState: Sendable {
  /// Like `ProcessState.inspect`, for many threads at once: what is shared must not be written, and files are read with
  /// the reader given.
  static func inspect(
    _ thread: JobThread, of process: JobProcess, _ context: CheckpointContext, _ reader: inout ProcFileReader
  )

  /// Like `ProcessState.save`; the calls are made by the thread itself.
  static func save(_ thread: JobThread, of process: JobProcess, _ calls: inout RemoteCalls) -> Completion?

  /// Like `ProcessState.restore`; the calls are made by the new thread itself.
  static func restore(_ thread: RestartingThread, of process: RestartingProcess, _ calls: inout RemoteCalls)
    throws(Problem)
}

extension ProcessState {
  static func inspect(_ process: JobProcess, _ context: CheckpointContext) {}
  static func save(_ process: JobProcess, _ calls: inout RemoteCalls) -> Completion? { nil }
  static func restore(
    _ process: RestartingProcess, _ context: RestartContext, _ calls: inout RemoteCalls
  ) throws(Problem) {}
}

extension ThreadState {
  static func inspect(
    _ thread: JobThread, of process: JobProcess, _ context: CheckpointContext, _ reader: inout ProcFileReader
  ) {}
  static func save(_ thread: JobThread, of process: JobProcess, _ calls: inout RemoteCalls) -> Completion? { nil }
  static func restore(
    _ thread: RestartingThread, of process: RestartingProcess, _ calls: inout RemoteCalls
  ) throws(Problem) {}
}

/// All kinds, in the order in which they are restored.
enum KindsOfState {
  static let process: [any (ProcessState & SendableMetatype).Type] = [
    Namespaces.self, AddressSpace.self, Terminals.self, FileSystem.self, Descriptors.self, RecordLocks.self,
    JobControl.self, SignalActions.self, IntervalTimers.self, PosixTimers.self, UnsupportedState.self,
    ProcessAttributes.self, MemoryBarriers.self,
    MemoryPolicies.self, LoginUser.self, Cgroups.self, ResourceLimits.self,
  ]
  static let thread: [any (ThreadState & SendableMetatype).Type] = [
    SharedTables.self, RememberedCalls.self, TimedWaits.self, ThreadIdentity.self, RareSettings.self, SignalStack.self,
    Futexes.self,
    ThreadAreas.self, RestartableSequences.self, Scheduling.self,
    NewPosixTimers.self, PendingSignals.self, Keyrings.self, Seccomp.self, Speculation.self, Credentials.self,
    ParentDeathSignal.self, Dumpable.self, Landlock.self,
  ]
}
