/// Checks every field of an image that a restart uses, before any process exists.

internal import CLinux
internal import FoundationEssentials
internal import ImageSchema
internal import SystemCalls
internal import Tracing

struct ImageValidation {
  let processes: [ImageProcess]
  let shared: ImageSharedObjects

  /// The end of user addresses with four-level page tables, and of those of 32-bit programs (IA32_PAGE_OFFSET).
  static let userEnd: UInt64 = 1 << 47
  static let userEnd32: UInt64 = 0xffff_e000

  func run() throws(Problem) {
    var tids: Set<Int32> = []
    var pids: Set<Int32> = []
    var living: [Int32: ImageProcess] = [:]
    for process in processes {
      let name = TaskName(pid: process.pid, comm: process.comm)
      guard process.pid > 1, process.ppid == 0 ? pids.isEmpty : pids.contains(process.ppid) else {
        throw invalid(name, "ppid \(process.ppid)", "the parent does not stand before the task")
      }
      pids.insert(process.pid)
      // 0 is what the kernel says of a group or session whose leader is outside the pid namespace: see TreePlan.
      guard process.pgid >= 0, process.sid >= 0 else { throw invalid(name, "pgid or sid", "it is negative") }
      guard process.hasValidComm else { throw invalid(name, "comm", "it is no name of up to 15 bytes") }
      guard !process.hasCredentials || process.credentials.isComplete else {
        throw invalid(name, "credentials", "they are not complete")
      }
      if let violation = Zombies.violation(process) {
        throw invalid(name, "exit_code \(process.exitCode)", violation)
      }
      guard process.exitSignal <= 64 else {
        throw invalid(name, "exit_signal \(process.exitSignal)", "it is not a signal")
      }
      if process.state == .zombie {
        guard tids.insert(process.pid).inserted else { throw invalid(name, "pid", "it stands there twice") }
        continue
      }
      if process.deadLeader {
        guard tids.insert(process.pid).inserted else { throw invalid(name, "pid", "it stands there twice") }
        guard !process.threads.isEmpty, process.state != .stopped else {
          throw invalid(name, "dead_leader", "the group has no other thread, or is stopped")
        }
      } else if process.threads.first?.tid != process.pid {
        throw invalid(name, "threads", "the leader is not the first")
      }
      for thread in process.threads {
        guard thread.seccompFilters.allSatisfy({ Int($0) < process.seccompFilters.count }) else {
          throw invalid(name, "seccomp filter of thread \(thread.tid)", "it is not there")
        }
        guard thread.tid > 1, tids.insert(thread.tid).inserted else {
          throw invalid(name, "tid \(thread.tid)", "it stands there twice")
        }
        try validate(thread, of: process, name)
      }
      try validateSharedTables(process, name, before: living)
      living[process.pid] = process
      if process.sharedTables.memory == 0 { try validate(process.addressSpace, of: process, name) }
      try validateNumbers(process, name)
    }
    try validateShared()
  }

  private func validateSharedTables(
    _ process: ImageProcess, _ name: TaskName, before: [Int32: ImageProcess]
  ) throws(Problem) {
    let tables = process.sharedTables
    for table in SharedTables.tables where tables[keyPath: table.owner] != 0 {
      let owner = tables[keyPath: table.owner]
      guard let first = before[owner], first.sharedTables[keyPath: table.owner] == 0 else {
        throw invalid(name, "shared_tables: \(table.what) of \(owner)", "there is no such task before it that has one")
      }
      // execve(2), which alone makes the kind of a task, ends the sharing of all but the file system context.
      guard first.is32Bit == process.is32Bit || table.owner == \.fileSystem else {
        throw invalid(
          name, "shared_tables: \(table.what) of \(owner)", "one of them is a 32-bit task, the other is not")
      }
    }
    guard tables.signalActions == 0 || tables.memory != 0 else {
      throw invalid(name, "shared_tables", "signal actions are not shared without memory")
    }
    guard tables.memory == 0 || process.addressSpace.areas.isEmpty, tables.files == 0 || process.descriptors.isEmpty
    else { throw invalid(name, "shared_tables", "it has what it is said to share") }
  }

  private func validate(_ thread: ImageThread, of process: ImageProcess, _ name: TaskName) throws(Problem) {
    guard let registers = Registers(bytes: [UInt8](thread.registers)),
      process.is32Bit ? registers.is32Bit : registers.is64Bit
    else {
      let bits = process.is32Bit ? "32-bit" : "64-bit"
      throw invalid(name, "registers of thread \(thread.tid)", "they are not those of a \(bits) task")
    }
    for area in thread.threadAreas where !ThreadArea.entries.contains(area.entry) {
      throw invalid(name, "thread area \(area.entry) of thread \(thread.tid)", "there is no such entry")
    }
    guard (576...ExtendedState.maximumSize).contains(thread.extendedState.count) else {
      throw invalid(name, "extended state of thread \(thread.tid)", "its size is \(thread.extendedState.count)")
    }
    if let why = RememberedCalls.validate(thread) ?? TimedWaits.validate(thread) {
      throw invalid(name, "call of thread \(thread.tid)", why)
    }
    guard thread.parentDeathSignal <= 64 else {
      throw invalid(name, "pdeath_signal \(thread.parentDeathSignal) of thread \(thread.tid)", "it is not a signal")
    }
    guard thread.credentials.isComplete else {
      throw invalid(name, "credentials of thread \(thread.tid)", "they are not complete")
    }
    guard thread.hasValidComm, thread.scheduling.affinity.count <= 8192,
      thread.pendingSignals.count <= PendingSignals.maximum
    else {
      throw invalid(name, "thread \(thread.tid)", "its name, affinity or pending signals are too long")
    }
  }

  private func validate(
    _ space: ImageAddressSpace, of process: ImageProcess, _ name: TaskName
  ) throws(Problem) {
    let userEnd = process.is32Bit ? Self.userEnd32 : Self.userEnd
    var previous: UInt64 = 0
    for area in space.areas where area.kind != .vsyscall {
      let range = "area \(String(area.start, radix: 16))-\(String(area.end, radix: 16))"
      guard area.start >= previous, area.start < area.end, area.end <= userEnd, area.start % pageSize == 0,
        area.end % pageSize == 0
      else { throw invalid(name, range, "it is not a range of user pages, or overlaps another") }
      guard area.protection <= UInt32(PROT_READ | PROT_WRITE | PROT_EXEC),
        area.flags & ~UInt32(MAP_GROWSDOWN | MAP_NORESERVE) == 0
      else { throw invalid(name, range, "its protection or flags are not valid") }
      for guarded in area.guards {
        guard guarded.start >= area.start, guarded.start < guarded.end, guarded.end <= area.end,
          guarded.start % pageSize == 0, guarded.end % pageSize == 0
        else { throw invalid(name, range, "its guard regions are not inside it") }
      }
      if area.kind == .filePrivate || area.kind == .fileShared {
        guard shared.file(area.file) != nil, area.offset % pageSize == 0 else {
          throw invalid(name, range, "its file is not valid")
        }
      }
      previous = area.end
    }
    guard shared.file(space.executable) != nil else {
      throw invalid(name, "executable", "file \(space.executable) is not there")
    }
    guard space.auxv.count <= 4096, space.auxv.count % 16 == 0 else {
      throw invalid(name, "auxv", "its size is not valid")
    }
  }

  private func validateNumbers(_ process: ImageProcess, _ name: TaskName) throws(Problem) {
    for action in process.signalActions where !(1...64).contains(action.signal) {
      throw invalid(name, "signal action", "\(action.signal) is not a signal")
    }
    for descriptor in process.descriptors
    where descriptor.number >= 1 << 24 || !(1...UInt32(shared.openFiles.count + 1)).contains(descriptor.openFile) {
      throw invalid(name, "descriptor \(descriptor.number)", "it refers to nothing")
    }
    for limit in process.resourceLimits where limit.resource >= ResourceLimits.count {
      throw invalid(name, "resource limit", "\(limit.resource) is not one")
    }
    if let why = PosixTimers.validate(process) { throw invalid(name, "POSIX timers", why) }
    for filter in process.seccompFilters where filter.program.isEmpty || filter.program.count > 4096 * 8 {
      throw invalid(name, "seccomp filter", "its size is \(filter.program.count)")
    }
    for cgroup in process.cgroups where !cgroup.path.hasPrefix("/") || cgroup.path.split(separator: "/").contains("..")
    {
      throw invalid(name, "cgroup", "\(cgroup.path) is not a path in its hierarchy")
    }
    guard process.foregroundGroup >= 0,
      process.foregroundGroup == 0 || processes.contains(where: { $0.pgid == process.foregroundGroup })
    else { throw invalid(name, "foreground group \(process.foregroundGroup)", "no task is in it") }
    guard process.pendingSignals.count <= PendingSignals.maximum else {
      throw invalid(name, "pending signals", "there are too many")
    }
  }

  private func validateShared() throws(Problem) {
    for (index, file) in shared.files.enumerated() {
      guard file.id == UInt32(index + 1), file.path.hasPrefix("/"), !file.path.utf8.contains(0) else {
        throw invalid(nil, "file \(file.id)", "its id or path is not valid")
      }
    }
    for (index, openFile) in shared.openFiles.enumerated() where openFile.id != UInt32(index + 1) {
      throw invalid(nil, "open file \(openFile.id)", "its id is not valid")
    }
    for case .terminal(let terminal) in shared.openFiles.map(\.object)
    where ![0, Terminals.modesSize].contains(terminal.modes.count) || terminal.rows > 65535 || terminal.columns > 65535
    {
      throw invalid(nil, "terminal \(terminal.path)", "its modes or size are not valid")
    }
    for (index, pipe) in shared.pipes.enumerated() {
      guard pipe.id == UInt32(index + 1), pipe.content.count <= Int(pipe.capacity), pipe.capacity <= 1 << 30 else {
        throw invalid(nil, "pipe \(pipe.id)", "its id or content is not valid")
      }
    }
  }

  private func invalid(_ task: TaskName?, _ what: String, _ why: String) -> Problem {
    Problem(task: task, errno: .invalidArgument, what: "\(what) in the image", why: why, remedy: "use another image")
  }
}
