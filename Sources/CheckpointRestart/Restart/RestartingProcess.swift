/// Defines `RestartingProcess` and `RestartingThread`: a task of the image on its way to life.

internal import FoundationEssentials
internal import Glibc
internal import ImageSchema
internal import SystemCalls
internal import Tracing

/// A thread to be.
final class RestartingThread {
  let image: ImageThread
  let traced: TracedThread
  /// Which it gets at the end.
  var registers: Registers?

  init(_ image: ImageThread, traced: TracedThread) {
    self.image = image
    self.traced = traced
  }

  var tid: Int32 { image.tid }
  var name: TaskName { TaskName(pid: image.tid, comm: image.comm) }
}

/// A process to be.
final class RestartingProcess {
  let image: ImageProcess
  /// Index of its slot in the scaffold.
  let slot: Int
  let leader: TracedThread
  /// The thread that works for crtop: the leader; once a leader that is dead in the image has ended, the first other.
  var driver: TracedThread
  /// The leader first.
  var threads: [RestartingThread] = []
  /// The task of the image that creates it and gives it its first memory; 0 for the root.
  var creator: Int32
  /// What every new task has from crtop.
  let inheritedCredentials: ImageCredentials
  /// Other than SIGCHLD, by which its zombies report to it.
  let exitSignals: [UInt32]
  /// By which its threads stop after a list of calls: none that will be pending, or that a zombie sends.
  let stopSignal: Int32

  init(_ image: ImageProcess, slot: Int, inheritedCredentials: ImageCredentials, exitSignals: Set<UInt32>) {
    self.image = image
    self.exitSignals = exitSignals.sorted()
    self.slot = slot
    creator = image.ppid
    self.inheritedCredentials = inheritedCredentials
    leader = TracedThread(attached: image.pid, tgid: image.pid, comm: image.comm)
    driver = leader
    let pending = Set(
      (image.pendingSignals + image.threads.flatMap(\.pendingSignals)).map { Int32($0.information.first ?? 0) })
    let timers = Set(image.posixTimers.map { Int32(truncatingIfNeeded: $0.signal) })
    // Not a real-time one: those count against RLIMIT_SIGPENDING.
    stopSignal =
      [SIGURG, SIGWINCH, SIGIO, SIGPWR, SIGUSR1, SIGUSR2, SIGHUP].first {
        !pending.contains($0) && !timers.contains($0) && !exitSignals.contains(UInt32($0))
      } ?? SIGALRM
  }

  var pid: Int32 { image.pid }
  /// Whether the number is one of a task, group or session of it.
  func needs(_ number: Int32) -> Bool {
    [image.pid, image.pgid, image.sid].contains(number) || image.threads.contains { $0.tid == number }
  }
  var name: TaskName { TaskName(pid: image.pid, comm: image.comm) }
  /// Whether the signal is pending for the group.
  func hasPending(_ signal: Int32) -> Bool {
    image.pendingSignals.contains { Int32($0.information.first ?? 0) == signal }
  }

  /// The task that the image describes its memory with.
  var memoryOwner: Int32 { image.sharedTables.memory == 0 ? pid : image.sharedTables.memory }
  /// Of the time namespace that it is in.
  var clocks = TimeOffsets.own

  var isZombie: Bool { image.state == .zombie }
}
