/// Defines `ThreadRecord` and reads the threads of one process, on demand.

public import SystemCalls

/// One thread of a process.
public struct ThreadRecord: Sendable, Hashable {
  public var tid: Int32
  public var comm: String
  /// What the kernel's letter says; the freezer acts on whole cgroups and is the process's business.
  public var state: ProcessState
  /// User and system time so far, in clock ticks.
  public var cpuTicks: UInt64

  /// Makes a record from its parts.
  public init(tid: Int32, comm: String, state: ProcessState, cpuTicks: UInt64) {
    self.tid = tid
    self.comm = comm
    self.state = state
    self.cpuTicks = cpuTicks
  }
}

extension ProcessSampler {
  /// The threads that the process has now, the leader first; those that end meanwhile are left out.
  ///
  /// - Throws: ENOENT or ESRCH when the process is gone.
  public static func threads(of pid: Int32) throws(Errno) -> [ThreadRecord] {
    let directory = try PidDirectory("/proc/\(pid)/task")
    var reader = SmallFileReader(capacity: 4096)
    var threads: [ThreadRecord] = []
    for tid in directory.numbers() {
      guard (try? reader.read("/proc/\(pid)/task/\(tid)/stat")) != nil,
        let fields = StatFields(reader.bytes, count: reader.count)
      else { continue }
      threads.append(
        ThreadRecord(
          tid: tid, comm: String(decoding: reader.bytes[fields.comm], as: UTF8.self), state: fields.state,
          cpuTicks: fields.cpuTicks))
    }
    return threads.sorted { ($0.tid == pid ? 0 : 1, $0.tid) < ($1.tid == pid ? 0 : 1, $1.tid) }
  }
}
