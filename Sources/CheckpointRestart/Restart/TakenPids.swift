/// Defines `TakenPids`: which numbers a restart needs for tasks, threads, groups and sessions, and who has them.

internal import CLinux
internal import Glibc
internal import ImageSchema
internal import ProcessTree
internal import SystemCalls

/// A number is taken by a process or thread, and also by a group or session that has outlived its leader.
struct TakenPids {
  private struct Wanted {
    let number: Int32
    let what: String
    let task: TaskName
  }

  private let wanted: [Wanted]

  /// - Parameter plan: it knows the placeholders of leaders that are gone.
  init(_ processes: [ImageProcess], _ plan: TreePlan) {
    var wanted: [Wanted] = []
    var seen: Set<Int32> = []
    func add(_ number: Int32, _ what: String, _ process: ImageProcess) {
      guard seen.insert(number).inserted else { return }
      wanted.append(Wanted(number: number, what: what, task: TaskName(pid: process.pid, comm: process.comm)))
    }
    for process in processes {
      add(process.pid, "pid \(process.pid)", process)
      for thread in process.threads { add(thread.tid, "pid \(thread.tid) of a thread", process) }
    }
    let sessions = Set(plan.sessionPlaceholders.values.flatMap(\.keys))
    for process in processes {
      if sessions.contains(process.sid) { add(process.sid, "session \(process.sid), whose leader is gone", process) }
      if plan.placeholders[process.pgid] != nil {
        add(process.pgid, "process group \(process.pgid), whose leader is gone", process)
      }
    }
    self.wanted = wanted
  }

  /// One for each number that is taken.
  ///
  /// - Parameter patience: seconds that are waited for zombies that are just being reaped.
  func problems(patience: Double) -> [Problem] {
    let deadline = monotonicNanoseconds() + UInt64(patience * 1e9)
    while true {
      let holders = Holders()
      let taken = wanted.compactMap { wanted in holders.holder(of: wanted.number).map { (wanted, $0) } }
      if taken.contains(where: { !$0.1.isEnding }) || taken.isEmpty || monotonicNanoseconds() > deadline {
        return taken.map(Self.problem)
      }
      pause(milliseconds: 10)
    }
  }

  private static func problem(_ wanted: Wanted, _ holder: Holder) -> Problem {
    let isItself = holder.description.hasPrefix("\(wanted.task.comm) (\(wanted.number)) ")
    return Problem(
      task: wanted.task, errno: .fileExists, what: wanted.what,
      why: "it is taken by \(holder.description)" + (isItself ? ", by its name the very job, which runs on" : ""),
      remedy: "wait until that process has ended, or end it, or restart with \(RestartRequest.newPidNamespaceFlag)")
  }

  private struct Holder {
    var description: String
    /// A zombie, or something that its end will free.
    var isEnding: Bool
  }

  /// All processes of this moment.
  private struct Holders {
    private var processes: [Int32: ProcStat] = [:]
    /// A member of each group and session.
    private var groups: [Int32: Int32] = [:]
    private var sessions: [Int32: Int32] = [:]

    init() {
      var reader = ProcFileReader(capacity: 4096)
      for pid in ((try? directoryEntries("/proc")) ?? []).compactMap({ Int32($0) }) {
        guard let stat = (try? reader.read("/proc/\(pid)/stat")).flatMap({ ProcStat($0) }) else { continue }
        processes[pid] = stat
        groups[stat.pgid] = pid
        sessions[stat.sid] = pid
      }
    }

    func holder(of number: Int32) -> Holder? {
      if processes[number] != nil { return holder(number, "") }
      // A thread has an entry that is not listed.
      if let status = try? readText("/proc/\(number)/status"),
        let group = status.split(separator: "\n").first(where: { $0.hasPrefix("Tgid:\t") }).flatMap({
          Int32($0.dropFirst(6))
        })
      {
        return holder(group, "a thread of ")
      }
      if let member = groups[number] { return holder(member, "the process group of ") }
      if let member = sessions[number] { return holder(member, "the session of ") }
      return nil
    }

    private func holder(_ pid: Int32, _ prefix: String) -> Holder {
      guard let stat = processes[pid] else { return Holder(description: "\(prefix)process \(pid)", isEnding: false) }
      let user = (try? fileStatus("/proc/\(pid)")).map { UserNames.name(of: $0.st_uid) } ?? "?"
      let isEnding = stat.isZombie && stat.threads <= 1 || stat.isDead
      let zombie = isEnding ? "the zombie " : ""
      let parent = isEnding ? ", which its parent \(stat.ppid) has not reaped" : ""
      return Holder(description: "\(prefix)\(zombie)\(stat.comm) (\(pid)) of user \(user)\(parent)", isEnding: isEnding)
    }
  }
}
