/// Defines `ProcessRecord`, one process as a snapshot shows it, and `ProcessIdentity`, which survives reuse of a pid.

/// Names one process for good: a pid may be reused, but not with the same start time.
public struct ProcessIdentity: Sendable, Hashable {
  public var pid: Int32
  /// Field 22 of `/proc/PID/stat`: clock ticks since boot.
  public var startTime: UInt64

  /// Makes an identity from its parts.
  public init(pid: Int32, startTime: UInt64) {
    self.pid = pid
    self.startTime = startTime
  }
}

/// One process (a thread group) at the time of a snapshot.
public struct ProcessRecord: Sendable, Hashable {
  public var identity: ProcessIdentity
  /// The parent; 0 for the first process and for a parent outside the pid namespace.
  public var ppid: Int32
  public var pgid: Int32
  public var sid: Int32
  /// The controlling terminal as under `/dev`, such as `pts/3`; `nil` without one.
  public var terminal: String?
  /// The command name: up to 15 bytes, more for some kernel threads.
  public var comm: String
  /// The command line; empty for kernel threads and zombies.
  public var arguments: [String]
  /// The effective user.
  public var userID: UInt32
  /// Its name, or its number in digits where it has none.
  public var userName: String
  /// What it is doing; `frozen` comes from the cgroup.
  public var state: ProcessState
  /// What the kernel's letter says, without regard to the freezer.
  public var kernelState: ProcessState
  /// The leader has ended while other threads live: it shows as a zombie but cannot be reaped.
  public var hasDeadLeader: Bool
  /// How a zombie ended; `nil` for others, and where the kernel does not tell us (other users' zombies).
  public var exitStatus: ExitStatus?
  /// How many threads, the leader included.
  public var threads: Int
  public var nice: Int
  /// Field 18 of stat: 20 + nice, negative for real-time policies.
  public var priority: Int
  /// User and system time so far, in clock ticks.
  public var cpuTicks: UInt64
  /// Share of one processor since the snapshot before, in percent (400 for four busy threads); 0 in the first one.
  public var cpuPercent: Double
  /// Resident and virtual memory in bytes.
  public var residentBytes: UInt64
  public var virtualBytes: UInt64
  /// The path in the hierarchy that can freeze it: v1 `freezer` where mounted, else v2.
  public var cgroup: String
  /// The cgroup that was frozen and holds it: its own or one above; `nil` when it is not frozen.
  public var frozenGroup: String?
  /// A thread of the kernel, with no user memory.
  public var isKernelThread: Bool

  public var pid: Int32 { identity.pid }
  public var startTime: UInt64 { identity.startTime }
}

extension ProcessRecord {
  /// A record with the given identity and otherwise quiet values: sleeping, one thread, user 0.
  public init(identity: ProcessIdentity, ppid: Int32, comm: String) {
    self.init(
      identity: identity, ppid: ppid, pgid: identity.pid, sid: identity.pid, terminal: nil, comm: comm, arguments: [],
      userID: 0, userName: "root", state: .sleeping, kernelState: .sleeping, hasDeadLeader: false, exitStatus: nil,
      threads: 1, nice: 0, priority: 20, cpuTicks: 0, cpuPercent: 0, residentBytes: 0, virtualBytes: 0, cgroup: "/",
      isKernelThread: false)
  }

  /// Who froze it: `crtop` by the name of the cgroup, else the cgroup's path.
  public var freezerOwner: String {
    guard let frozenGroup else { return "its cgroup" }
    let name = frozenGroup.split(separator: "/").last ?? ""
    let isOurs = name.hasPrefix("crtop-") && Int32(name.dropFirst(6)) != nil
    return isOurs ? "crtop" : "cgroup \(frozenGroup)"
  }

  /// The command line, or the name in brackets where there is none.
  public var commandLine: String {
    arguments.isEmpty ? "[\(comm)]" : arguments.joined(separator: " ")
  }
}
