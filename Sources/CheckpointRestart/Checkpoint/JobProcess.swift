/// Defines `JobProcess` and `JobThread`: a thread group of the subtree while it is inspected and saved.

internal import CLinux
internal import Glibc
internal import ImageSchema
internal import SystemCalls
internal import Tracing

/// A thread of a process of the job.
final class JobThread {
  let tid: Int32
  let traced: TracedThread
  var registers: Registers?
  /// When it had stopped, CLOCK_MONOTONIC in nanoseconds.
  var stoppedAt: UInt64 = 0
  /// The timer it slept on before it was stopped, and the wait that the stop has ended.
  var timer: SleepTimer?
  var wait: TimedWaits.Wait?
  /// Those that it waits for in sigtimedwait(2).
  var awaitedSignals: UInt64 = 0
  /// Whether it has seccomp filters, and those once they have been read.
  var isFiltered = false
  var filters: [SeccompFilter] = []
  var acceptsSeccompRisk = false
  /// Somebody whom the thread could look at, if Landlock let it.
  var bystander: EmptyTask?
  var image = ImageThread()

  init(tid: Int32, tgid: Int32, comm: Comm) {
    self.tid = tid
    traced = TracedThread(tid: tid, tgid: tgid, comm: comm.text)
    image.tid = tid
    image.setComm(comm)
  }
}

/// A process of the job: what was read of it, and what goes into the image.
final class JobProcess {
  let pid: Int32
  /// The parent inside the subtree; 0 for the root.
  var parent: Int32
  var stat: ProcStat
  var status: ProcStatus
  var threads: [JobThread] = []
  var areas: [MappedArea] = []
  /// This process's areas that have content of their own, in the order of `image.addressSpace.areas`.
  var contentAreas: [MappedArea] = []
  var image = ImageProcess()
  /// Which signal has stopped the group by job control; 0: it is not stopped.
  var stopSignal: Int32 = 0
  /// What /proc says of the driver where it is not the leader.
  private var otherStat: ProcStat?
  /// All that live.
  var children: [JobProcess] = []
  /// POSIX timers whose signal was pending when they were read.
  var expiredTimers: Set<Int32> = []
  /// Names of keyrings that may be its session keyring, by the user that they belong to.
  var keyringNames: [UInt32: [String]] = [:]
  var acceptsKeyringLoss = false

  init(pid: Int32, parent: Int32, stat: ProcStat, status: ProcStatus = ProcStatus(ByteScanner([]))) {
    self.pid = pid
    self.parent = parent
    self.stat = stat
    self.status = status
  }

  var name: TaskName { TaskName(pid: pid, comm: stat.comm) }
  /// crtop itself, run by the job: in the image it has ended.
  var isCaller: Bool { parent != 0 && pid == getpid() }
  var isZombie: Bool { isCaller || (stat.isZombie && stat.threads <= 1) }
  /// The leader has ended, other threads of the group live on.
  var hasDeadLeader: Bool { stat.isZombie && !isZombie }
  /// The thread by which the process is reached: its leader, or another where the leader is dead and has neither memory
  /// nor descriptors any more.
  var driver: Int32 { threads.first?.tid ?? pid }
  /// What /proc says of the driver; `stat` is always the leader's.
  var driverStat: ProcStat { otherStat ?? stat }

  /// Reads anew what /proc says of the process; its threads are known.
  func readStatus(_ reader: inout ProcFileReader) {
    guard let stat = (try? reader.read("/proc/\(pid)/stat")).flatMap({ ProcStat($0) }) else { return }
    self.stat = stat
    if let status = (try? reader.read("/proc/\(driver)/status")).map({ ProcStatus($0) }) { self.status = status }
    otherStat = driver == pid ? nil : (try? reader.read("/proc/\(driver)/stat")).flatMap { ProcStat($0) }
  }

  func problem(_ errno: Errno, _ what: String, why: String, remedy: String = "") -> Problem {
    Problem(task: name, errno: errno, what: what, why: why, remedy: remedy)
  }
}
