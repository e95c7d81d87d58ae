/// Defines `Outsiders`: what the job shares with processes outside the subtree, which an image cannot hold.

internal import CLinux
internal import Glibc
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
  private let acceptsSharedOffsets: Bool
  /// Processes that started since, in clock ticks, may be children of the job which has gone on.
  private let bound: UInt64

  /// After the inspection of the job, which may still run.
  init(_ context: CheckpointContext) {
    members = context.byPID
    tables = context.tableOwners
    shared = context.shared
    pipeEnds = shared.allPipeEnds()
    acceptsSharedOffsets = context.acceptedLosses.contains(.sharedOffsets)
    files = acceptsSharedOffsets ? [:] : shared.holdersByPath()
    var now = timespec()
    _ = unsafe clock_gettime(CLOCK_BOOTTIME, &now)
    bound = UInt64(now.tv_sec) * 100 + UInt64(now.tv_nsec) / 10_000_000
  }

  /// All that is shared; each thing once.
  func problems() -> [Problem] {
    var problems: [Problem] = []
    var found: Set<String> = []
    var someAreHidden = false
    var reader = ProcFileReader(capacity: 4096)
    for entry in (try? directoryEntries("/proc")) ?? [] {
      guard let pid = Int32(entry), pid != getpid(), members[pid] == nil,
        let stat = (try? reader.read("/proc/\(pid)/stat")).flatMap({ ProcStat($0) }), !isExempt(stat)
      else { continue }
      problems += SharedTables.problems(pid, tables)
      problems += tracing(pid, stat, &reader)
      do throws(Errno) {
        for descriptor in try directoryEntries("/proc/\(pid)/fd") {
          guard let number = Int32(descriptor), let link = try? readLink("/proc/\(pid)/fd/\(descriptor)"),
            let problem = problem(TaskName(pid: pid, comm: stat.comm), number, link),
            found.insert(link).inserted
          else { continue }
          problems.append(problem)
        }
      } catch {
        if error == .permissionDenied || error == .notPermitted { someAreHidden = true }
      }
    }
    guard someAreHidden else { return problems }
    return problems
      + pipeEnds.compactMap { found.contains("pipe:[\($0)]") ? nil : Pipes.problem($0, withHiddenEnd: $1) }
  }

  /// Kernel threads (PF_KTHREAD) have nothing, and no more zombies.
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
