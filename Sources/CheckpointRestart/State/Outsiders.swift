/// Defines `Outsiders`: what the job shares with processes outside the subtree, which an image cannot hold.

internal import CLinux
internal import Glibc
internal import Synchronization
internal import SystemCalls

/// What the job has that others may have too. Looking through all processes takes longer than everything else that is done
/// while the job stands still, so it is done before and after: what an outsider holds from before the stop to its end is
/// seen by both.
struct Outsiders {
  private let members: [Int32: JobProcess]
  private let tables: [(table: SharedTables.Table, sorted: [JobProcess])]
  private let pipeEnds: [UInt64: SharedObjectTable.PipeEnds]
  private let files: [String: [SharedObjectTable.OpenFileHolder]]
  private let shared: SharedObjectTable
  /// Processes that started since, in clock ticks, may be children of the job which has gone on.
  private let bound: UInt64

  /// After the inspection of the job, which may still run.
  init(_ context: CheckpointContext) {
    members = context.byPID
    tables = context.tableOwners
    shared = context.shared
    pipeEnds = shared.allPipeEnds()
    files = context.acceptedLosses.contains(.sharedOffsets) ? [:] : shared.holdersByPath()
    bound = bootTimeNanoseconds() / 10_000_000
  }

  /// All that is shared; each thing once.
  func problems() -> [Problem] {
    let pids = ((try? directoryEntries("/proc")) ?? []).compactMap { Int32($0) }
      .filter { $0 != getpid() && members[$0] == nil }
    let found = Mutex<[String: Problem]>([:])
    let someAreHidden = Mutex(false)
    nonisolated(unsafe) let outsiders = self
    Parallel.forEach(pids.count, grain: 8) { index in
      do throws(Errno) {
        let problems = try unsafe outsiders.problems(with: pids[index])
        if !problems.isEmpty { found.withLock { $0.merge(problems) { first, _ in first } } }
      } catch {
        if error == .permissionDenied || error == .notPermitted { someAreHidden.withLock { $0 = true } }
      }
    }
    var all = found.withLock { $0 }
    if someAreHidden.withLock({ $0 }) {
      for (inode, ends) in pipeEnds where all["pipe:[\(inode)]"] == nil {
        all["pipe:[\(inode)]"] = Pipes.problem(inode, withHiddenEnd: ends)
      }
    }
    return all.sorted { $0.key < $1.key }.map(\.value)
  }

  /// What is shared with one process, by what it is.
  private func problems(with pid: Int32) throws(Errno) -> [String: Problem] {
    var reader = ProcFileReader(capacity: 4096)
    guard let stat = (try? reader.read("/proc/\(pid)/stat")).flatMap({ ProcStat($0) }), !isExempt(stat) else {
      return [:]
    }
    var found: [String: Problem] = [:]
    for problem in SharedTables.problems(pid, tables) + tracing(pid, stat, &reader) {
      found["\(problem.task?.pid ?? 0) \(problem.what)"] = problem
    }
    for descriptor in try directoryEntries("/proc/\(pid)/fd") {
      guard let number = Int32(descriptor), let link = try? readLink("/proc/\(pid)/fd/\(descriptor)"),
        let problem = problem(TaskName(pid: pid, comm: stat.comm), number, link)
      else { continue }
      found[link] = problem
    }
    return found
  }

  /// Kernel threads (PF_KTHREAD) have nothing to share, and zombies have nothing more.
  private func isExempt(_ stat: ProcStat) -> Bool {
    stat[9] & 0x0020_0000 != 0 || stat.isZombie || stat.startTime >= bound
  }

  private func problem(_ outsider: TaskName, _ descriptor: Int32, _ link: String) -> Problem? {
    if link.hasPrefix("pipe:[") {
      guard let inode = UInt64(link.dropFirst(6).dropLast()), let ends = pipeEnds[inode] else { return nil }
      return Pipes.problem(link, ends, sharedWith: outsider)
    }
    let holder = files[link]?.first { (try? shared.compare(outsider.pid, descriptor, $0)) == 0 }
    return holder.map { holder in
      Problem(
        task: members[holder.pid]?.name, errno: .notSupported, what: "descriptor \(holder.descriptor) (\(link))",
        why:
          "its offset is shared with \(outsider.comm) (\(outsider.pid)), which is outside the subtree: after a restart "
          + "each would have its own",
        remedy: "checkpoint the common parent of both, let one of them open the file itself, or accept the loss: "
          + AcceptedLoss.sharedOffsets.flag)
    }
  }

  /// A process outside that a task of the job traces.
  private func tracing(_ pid: Int32, _ stat: ProcStat, _ reader: inout ProcFileReader) -> [Problem] {
    let tracer = (try? reader.read("/proc/\(pid)/status")).map { ProcStatus($0).tracer } ?? 0
    guard tracer != 0, let member = members[Int32(tracer)] else { return [] }
    return [
      member.problem(
        .notSupported, "its trace of \(stat.comm) (\(pid))",
        why: "a restart could not trace that process again (ptrace(2))",
        remedy: "let it detach, or checkpoint a subtree that has neither")
    ]
  }
}
