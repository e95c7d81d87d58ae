/// Defines `ProcessSampler`, which takes snapshots of /proc cheaply, one after another.

internal import Glibc
public import SystemCalls

/// The processes and the machine at one moment.
public struct ProcessSnapshot: Sendable {
  public var tree: ProcessTree
  public var machine: MachineStatus

  /// Makes a snapshot from its parts.
  public init(tree: ProcessTree = ProcessTree(), machine: MachineStatus = MachineStatus()) {
    self.tree = tree
    self.machine = machine
  }
}

/// Keeps what one snapshot can use of the one before: open descriptors, names, processor time.
///
/// In the steady state a process costs one system call a snapshot (its stat) and every third time another (its cgroup). To
/// be used by one thread at a time.
public final class ProcessSampler {
  private let directory: PidDirectory
  private var processes: [Int32: SampledProcess] = [:]
  private var users = UserNames()
  private var terminals = TerminalNames()
  private var freezers = FreezerStates()
  /// Holds any stat and cgroup, and the line `Uid:` of status; longer command lines are cut.
  private var reader = SmallFileReader(capacity: 4096)
  private var machineReader = ProcFileReader()
  /// By number; -1 for all together.
  private var processorTimes: [Int: ProcessorTimes] = [:]
  private var snapshots = 0
  private var heldDescriptors = 0
  private let descriptorBudget: Int
  private let pageSize = UInt64(max(sysconf(Int32(_SC_PAGESIZE)), 1))
  private let ticksPerSecond = Double(max(sysconf(Int32(_SC_CLK_TCK)), 1))
  private let myUser = geteuid()
  /// Details are read again every so many snapshots, a share of the processes each time.
  private static let detailPeriod = 16
  private static let cgroupPeriod = 3
  private var readsAllCgroups = false

  /// - Throws: the reason why /proc cannot be read.
  public init() throws(Problem) {
    do throws(Errno) {
      directory = try PidDirectory("/proc")
    } catch {
      throw error.problem("list the processes", remedy: "mount the proc file system on /proc")
    }
    var limit = rlimit()
    let known = unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0
    // Half of the limit is left to everything else.
    descriptorBudget = known ? Int(clamping: min(limit.rlim_cur / 2, 8192)) : 256
  }

  /// Takes a snapshot. Processes that end meanwhile are left out.
  public func snapshot() -> ProcessSnapshot {
    snapshots += 1
    freezers.startSnapshot()
    var records: [ProcessRecord] = []
    records.reserveCapacity(processes.count + 16)
    for pid in directory.numbers() {
      if let process = sample(pid) {
        process.seen = snapshots
        records.append(process.record)
      }
    }
    forgetTheGone()
    readsAllCgroups = false
    return ProcessSnapshot(tree: ProcessTree(records), machine: machineStatus())
  }

  /// Has the next snapshot look up every process's cgroup: processes have been moved, as by a freeze.
  public func expectMovedProcesses() { readsAllCgroups = true }

  private func forgetTheGone() {
    for (pid, process) in processes where process.seen != snapshots { forget(pid, process) }
  }

  private func forget(_ pid: Int32, _ process: SampledProcess) {
    heldDescriptors -= process.held
    processes[pid] = nil
  }

  private func sample(_ pid: Int32) -> SampledProcess? {
    if let process = processes[pid] {
      if (try? process.readStat(&reader)) != nil, let fields = StatFields(reader.bytes, count: reader.count),
        fields.startTime == process.identity.startTime
      {
        update(process, fields)
        return process
      }
      forget(pid, process)
    }
    return meet(pid)
  }

  /// A process seen for the first time.
  private func meet(_ pid: Int32) -> SampledProcess? {
    let hold = heldDescriptors + 2 <= descriptorBudget
    guard let stat = try? HeldFile("/proc/\(pid)/stat"),
      (try? stat.read(&reader)) != nil, let fields = StatFields(reader.bytes, count: reader.count)
    else { return nil }
    let record = ProcessRecord(
      identity: ProcessIdentity(pid: pid, startTime: fields.startTime), ppid: fields.ppid, comm: "")
    let process: SampledProcess
    if hold {
      // Kernel threads stay in the root cgroup.
      let cgroup = fields.isKernelThread ? nil : try? HeldFile("/proc/\(pid)/cgroup")
      process = SampledProcess(record, stat: stat, cgroup: cgroup)
    } else {
      process = SampledProcess(record, stat: nil, cgroup: nil)
    }
    processes[pid] = process
    heldDescriptors += process.held
    update(process, fields)
    return process
  }

  private func update(_ process: SampledProcess, _ fields: StatFields) {
    let becameZombie = fields.state == .zombie && process.record.kernelState != .zombie
    let renamed = process.sampledAt == 0 || !process.record.comm.utf8.elementsEqual(reader.bytes[fields.comm])
    if renamed { process.record.comm = String(decoding: reader.bytes[fields.comm], as: UTF8.self) }
    measureProcessor(process, fields)
    process.record.ppid = fields.ppid
    process.record.pgid = fields.pgid
    process.record.sid = fields.sid
    process.record.terminal = terminals.name(of: fields.terminal)
    process.record.kernelState = fields.state
    process.record.hasDeadLeader = fields.state == .zombie && fields.threads > 1
    process.record.threads = fields.threads
    process.record.nice = fields.nice
    process.record.priority = fields.priority
    process.record.residentBytes = fields.residentPages.multipliedReportingOverflow(by: pageSize).partialValue
    process.record.virtualBytes = fields.virtualBytes
    process.record.isKernelThread = fields.isKernelThread
    // The reads below reuse the buffer that `fields` points into.
    let due = renamed || becameZombie || (snapshots + Int(fields.pid)) % Self.detailPeriod == 0
    if due || process.detailsDue {
      process.detailsDue = renamed
      process.updateDetails(&reader, users: &users)
    }
    if !fields.isKernelThread && (renamed || isCgroupDue(process.record, fields)) {
      process.updateCgroup(&reader)
    }
    let group = fields.isKernelThread ? nil : freezers.frozenGroup(process.cgroup, reader: &reader)
    process.record.frozenGroup = group
    process.record.state = group != nil && fields.state != .zombie && fields.state != .dead ? .frozen : fields.state
    process.record.exitStatus = exitStatus(process.record, fields)
  }

  /// Reading a cgroup costs more than all else, and few processes ever move: a third of them each time. A process in D
  /// may have been moved and frozen (v1), a frozen one moved back: those always.
  private func isCgroupDue(_ record: ProcessRecord, _ fields: StatFields) -> Bool {
    readsAllCgroups || fields.state == .diskSleep || record.state == .frozen
      || (snapshots + Int(fields.pid)) % Self.cgroupPeriod == 0
  }

  /// The kernel shows the exit code only to those who may trace the process, and 0 to others: 0 of theirs says nothing.
  private func exitStatus(_ record: ProcessRecord, _ fields: StatFields) -> ExitStatus? {
    guard fields.state == .zombie, !record.hasDeadLeader else { return nil }
    guard fields.exitCode != 0 || myUser == 0 || myUser == record.userID else { return nil }
    return ExitStatus(rawValue: fields.exitCode)
  }

  private func measureProcessor(_ process: SampledProcess, _ fields: StatFields) {
    var now = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &now)
    let time = UInt64(now.tv_sec) * 1_000_000_000 + UInt64(now.tv_nsec)
    if process.sampledAt != 0, time > process.sampledAt, fields.cpuTicks >= process.record.cpuTicks {
      let seconds = Double(time - process.sampledAt) / 1e9
      process.record.cpuPercent = Double(fields.cpuTicks - process.record.cpuTicks) / ticksPerSecond / seconds * 100
    } else {
      process.record.cpuPercent = 0
    }
    process.record.cpuTicks = fields.cpuTicks
    process.sampledAt = time
  }

  private func machineStatus() -> MachineStatus {
    var status = MachineStatus()
    if let scanner = try? machineReader.read("/proc/loadavg") { status.readLoad(scanner) }
    if let scanner = try? machineReader.read("/proc/meminfo") { status.readMemory(scanner) }
    if let scanner = try? machineReader.read("/proc/stat") {
      let times = ProcessorTimes.each(scanner)
      let shares = times.map { number, times in times.percent(since: processorTimes[number] ?? times) }
      status.cpuPercent = shares.first ?? 0
      status.processorPercents = Array(shares.dropFirst())
      processorTimes = Dictionary(times) { first, _ in first }
    }
    var now = timespec()
    unsafe clock_gettime(CLOCK_BOOTTIME, &now)
    status.uptimeSeconds = UInt64(max(now.tv_sec, 0))
    status.processors = max(Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))), 1)
    return status
  }
}

/// How many clock ticks a second has: the unit of `ProcessRecord.cpuTicks` and of start times.
public var clockTicksPerSecond: UInt64 { UInt64(max(sysconf(Int32(_SC_CLK_TCK)), 1)) }

extension ProcessIdentity {
  /// Who has the pid now; `nil` when nobody has.
  public init?(current pid: Int32) {
    var reader = SmallFileReader(capacity: 4096)
    guard (try? reader.read("/proc/\(pid)/stat")) != nil,
      let fields = StatFields(reader.bytes, count: reader.count)
    else { return nil }
    self.init(pid: pid, startTime: fields.startTime)
  }
}
