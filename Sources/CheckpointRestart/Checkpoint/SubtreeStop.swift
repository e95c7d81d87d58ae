/// Defines `SubtreeStop`, which stops every task of a subtree with ptrace(2) until nothing new appears.

internal import CLinux
internal import Glibc
internal import ImageSchema
internal import SystemCalls
internal import Tracing

/// The stopped subtree. Must be used on the thread that stops it (`EngineThread.tracing`). Letting go, at the latest in `deinit`, lets all tasks run on.
final class SubtreeStop {
  private let context: CheckpointContext
  private let frozen: FrozenCgroups
  /// When the first task was stopped, CLOCK_MONOTONIC in nanoseconds.
  private(set) var stoppedAt: UInt64 = 0
  /// Whether what could not be stopped may be stopped later: a parent in vfork(2) cannot before its child has called
  /// execve(2). All run on meanwhile.
  private(set) var isBusy = false

  init(_ context: CheckpointContext) {
    self.context = context
    frozen = FrozenCgroups()
  }

  deinit { resume() }

  /// Stops everything, or lets everything run on and says why not.
  func stop(root: TaskIdentity) throws(Problem) {
    stoppedAt = monotonicNanoseconds()
    isBusy = false
    do throws(Problem) { try stopAll(root) } catch {
      isBusy = error.errno == .resourceBusy && !frozen.isRefused
      resume(waiting: isBusy ? 10 : 1)
      throw error
    }
  }

  /// Lets every task run on where it was; frozen groups are frozen again first.
  ///
  /// - Parameter seconds: how long to wait for a thread that has not stopped yet, since only then can it be let go.
  func resume(waiting seconds: Double = 1) {
    frozen.freezeAgain()
    // Those that stand still first: a child of vfork(2) must go on before its parent can stop.
    let jobThreads = context.processes.flatMap(\.threads)
    for thread in jobThreads { TimedWaits.resume(thread) }
    let threads = jobThreads.map(\.traced)
    for thread in threads where thread.isStopped { thread.detach() }
    for thread in threads { thread.detach(waiting: seconds) }
    context.processes = []
    context.byPID = [:]
  }

  /// Ends every living task of the subtree, and waits until they have stopped being.
  func kill() {
    for process in context.liveProcesses.reversed() { _ = Glibc.kill(process.pid, SIGKILL) }
    frozen.thawForGood()
    for process in context.liveProcesses {
      // The leader last: it is not gone before the other threads are.
      for thread in process.threads.reversed() {
        while let reason = try? thread.traced.waitForStop(), !reason.isEnd { continue }
      }
    }
  }

  private func stopAll(_ root: TaskIdentity) throws(Problem) {
    try add(root.pid, parent: 0, expected: root.startTime)
    if FrozenCgroups.hold(root.pid) { try stopFrozen() }
    // Stopped parents have no more children; a second pass finds those that were handed over meanwhile.
    var previous = -1
    while previous != context.processes.count {
      previous = context.processes.count
      var index = 0
      while index < context.processes.count {
        let process = context.processes[index]
        if !process.isZombie { try stopThreads(of: process) }
        for child in children(of: process) where context.byPID[child] == nil {
          try add(child, parent: process.pid, expected: nil)
        }
        index += 1
      }
    }
  }

  /// In a frozen job nothing changes: all of it is found and seized before it is thawed.
  private func stopFrozen() throws(Problem) {
    var index = 0
    while index < context.processes.count {
      let process = context.processes[index]
      index += 1
      if process.isZombie { continue }
      var seen: Set<Int32> = []
      try seizeThreads(of: process, seen: &seen)
      for child in children(of: process) where context.byPID[child] == nil {
        try add(child, parent: process.pid, expected: nil)
      }
    }
    try frozen.collect(context)
    frozen.thaw()
    for process in context.processes {
      for thread in process.threads { try awaitStop(thread, process) }
    }
  }

  private func add(_ pid: Int32, parent: Int32, expected: UInt64?) throws(Problem) {
    guard let stat = (try? context.reader.read("/proc/\(pid)/stat")).flatMap({ ProcStat($0) }) else {
      if parent != 0 { return }  // ended and reaped meanwhile
      throw Problem(errno: .noSuchProcess, what: "process \(pid)", why: "there is no such process")
    }
    if let expected, expected != stat.startTime {
      throw Problem(errno: .noSuchProcess, what: "process \(pid)", why: "it has ended; another process has its pid now")
    }
    let process = JobProcess(pid: pid, parent: parent, stat: stat)
    context.processes.append(process)
    context.byPID[pid] = process
  }

  private func stopThreads(of process: JobProcess) throws(Problem) {
    var seen = Set(process.threads.map(\.tid))
    while true {
      let seized = try seizeThreads(of: process, seen: &seen)
      if seized.isEmpty { break }
      for thread in seized { try awaitStop(thread, process) }
    }
    process.threads.sort { ($0.tid == process.pid ? 0 : 1, $0.tid) < ($1.tid == process.pid ? 0 : 1, $1.tid) }
    // Before it stopped it may have called execve(2): only now is what /proc says of it true.
    process.readStatus(&context.reader)
    if let first = process.threads.first, first.tid == process.pid {
      first.image.setComm(process.stat.name)
    }
    if process.threads.isEmpty { try refresh(process) }
  }

  /// Seizes the threads that have not been seen yet; those that could be.
  @discardableResult
  private func seizeThreads(of process: JobProcess, seen: inout Set<Int32>) throws(Problem) -> [JobThread] {
    let found = ((try? directoryEntries("/proc/\(process.pid)/task")) ?? []).compactMap { Int32($0) }
    var seized: [JobThread] = []
    for tid in found.filter({ seen.insert($0).inserted }).sorted() {
      let comm = (try? context.reader.read("/proc/\(process.pid)/task/\(tid)/comm")).map { Comm(file: $0) }
      let thread = JobThread(tid: tid, tgid: process.pid, comm: comm ?? process.stat.name)
      guard try seize(thread, process) else { continue }
      process.threads.append(thread)
      seized.append(thread)
    }
    return seized
  }

  private func seize(_ thread: JobThread, _ process: JobProcess) throws(Problem) -> Bool {
    thread.timer = TimedWaits.timer(of: thread.tid, &context.reader)
    do throws(Errno) {
      try thread.traced.seize()
      return true
    } catch {
      if error == .noSuchProcess { return false }
      if error == .notPermitted {
        if let status = (try? context.reader.read("/proc/\(thread.tid)/status")).map({ ProcStatus($0) }),
          status.tracer != 0
        {
          throw process.problem(
            .notPermitted, "the task", why: "process \(status.tracer) traces it (a debugger, strace, another crtop)",
            remedy: "end that program first")
        }
        let stat = (try? context.reader.read("/proc/\(thread.tid)/stat")).flatMap { ProcStat($0) }
        if stat?.isZombie ?? true { return false }
      }
      throw error.problem(
        task: thread.traced.name, "cannot stop the task (PTRACE_SEIZE)",
        remedy: "run crtop as the same user or with CAP_SYS_PTRACE")
    }
  }

  private func awaitStop(_ thread: JobThread, _ process: JobProcess) throws(Problem) {
    do throws(Errno) {
      while true {
        switch try thread.traced.waitForStop(seconds: 0.1) {
        case .interrupted(let signal):
          // In a group stop the signal is that which stopped the group (ptrace(2)).
          process.stopSignal = signal == SIGTRAP ? 0 : signal
          if signal == SIGTRAP, try !VDSOCode.leave(thread.traced, &context.reader) { continue }
          try InterruptedCalls.repair(thread, of: process)
          try Seccomp.protect(thread)
          return
        case .signal(let signal):  // delivered at the same moment: it goes on its way, then the interrupt comes
          try thread.traced.resume(signal: signal)
        case .event: try thread.traced.resume()
        case .ended:
          process.threads.removeAll { $0.tid == thread.tid }
          return
        }
      }
    } catch {
      if error == .timedOut {
        // The kernel does not report the end of a leader while other threads of its group live (wait(2)).
        if let stat = (try? context.reader.read("/proc/\(thread.tid)/stat")).flatMap({ ProcStat($0) }), stat.isZombie {
          process.threads.removeAll { $0.tid == thread.tid }
          return
        }
        throw stopProblem(thread, process)
      }
      throw error.problem(task: thread.traced.name, "cannot stop the task")
    }
  }

  /// Why a thread does not stop.
  private func stopProblem(_ thread: JobThread, _ process: JobProcess) -> Problem {
    if let group = FreezerGroup.holders(of: process.pid).first {
      return process.problem(
        .resourceBusy, "the task", why: "unfrozen or wrong cgroup: it is frozen in \(group.directory), the root is not",
        remedy: "freeze or thaw the whole job")
    }
    if let child = VforkWait.child(of: thread.tid, among: children(of: process)) {
      return process.problem(
        .resourceBusy, "the task",
        why: "it is in vfork(2) and waits for its child \(child), which has neither called execve(2) nor ended",
        remedy: "try again when the child has")
    }
    return process.problem(
      .resourceBusy, "the task", why: "it does not stop: it is in uninterruptible sleep (state D)",
      remedy: "wait until its input or output is done, then try again")
  }

  /// A process whose last thread ended meanwhile is a zombie now, or gone.
  private func refresh(_ process: JobProcess) throws(Problem) {
    if let stat = (try? context.reader.read("/proc/\(process.pid)/stat")).flatMap({ ProcStat($0) }), stat.isZombie {
      process.stat = stat
    } else if process.parent == 0 {
      throw Problem(task: process.name, errno: .noSuchProcess, what: "the task", why: "it has ended")
    } else {
      context.byPID[process.pid] = nil
      context.processes.removeAll { $0.pid == process.pid }
    }
  }

  /// The children of all threads (proc(5): exact while the parent is stopped).
  private func children(of process: JobProcess) -> [Int32] {
    var all: [Int32] = []
    for thread in process.threads {
      guard var list = try? context.reader.read("/proc/\(process.pid)/task/\(thread.tid)/children") else { continue }
      while let child = list.unsigned() {
        all.append(Int32(truncatingIfNeeded: child))
        list.skip(UInt8(ascii: " "))
      }
    }
    return all
  }
}

extension StopReason {
  var isEnd: Bool {
    if case .ended = self { return true }
    return false
  }
}
