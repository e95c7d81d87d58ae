/// Looks at the machine before a restart: processor, kernel, files, pids. All obstacles are named at once.

internal import CLinux
internal import Glibc
internal import ImageSchema
internal import SystemCalls

struct RestartPreflight {
  let header: ImageHeader
  let processes: [ImageProcess]
  let plan: TreePlan
  let shared: ImageSharedObjects
  let accepted: Set<AcceptedLoss>
  /// Seconds that are waited for zombies that are being reaped and have pids of the job.
  var patience = 3.0
  /// All pids are free there, and root alone makes one.
  var isForNewPidNamespace = false

  /// All obstacles; empty when the restart can begin.
  func run() -> [Problem] {
    let privileges = RestartPrivileges()
    return machine() + Program32.problems(processes) + coreFlags() + privileges.problems(processes)
      + LoginUser.problems(processes, accepted)
      + files()
      + (isForNewPidNamespace
        ? privileges.namespace() : TakenPids(processes, plan).problems(patience: patience))
  }

  private func coreFlags() -> [Problem] {
    guard !CoreFlag.canBeMade, !accepted.contains(.coreFlag) else { return [] }
    return processes.filter { $0.state == .zombie && Zombies.ExitCode(status: $0.exitCode).hasCoreFlag }.map {
      Zombies.coreFlagProblem(TaskName(pid: $0.pid, comm: $0.comm))
    }
  }

  private func machine() -> [Problem] {
    var problems: [Problem] = []
    func refuse(_ what: String, _ why: String, _ remedy: String) {
      problems.append(Problem(errno: .notSupported, what: what, why: why, remedy: remedy))
    }
    let here = Machine.current
    if header.machine != here.machine {
      refuse(
        "the image's architecture", "it is \(header.machine), this is \(here.machine)",
        "restart it on a machine like the one it was made on")
    }
    let missing = ProcessorFeatures.missing(of: header.cpuFeatures)
    if !missing.isEmpty {
      refuse(
        "the processor", "it lacks \(missing.joined(separator: " ")), which the job may use",
        "restart it on a machine with these features")
    }
    if processes.contains(where: { !$0.posixTimers.isEmpty }), !Abilities.restoresTimerIDs {
      refuse("the job's POSIX timers", "this kernel cannot make them with their ids", "use Linux 6.15 or later")
    }
    return problems
  }

  private func files() -> [Problem] {
    shared.files.compactMap { file in
      let remedy = "put the file back as it was at the checkpoint"
      let status: stat
      do throws(Errno) { status = try fileStatus(file.path) } catch {
        return error.problem("the file \(file.path), which the job uses", remedy: remedy)
      }
      guard status.st_mode & S_IFMT == file.mode & S_IFMT else {
        return Problem(
          errno: .invalidArgument, what: "the file \(file.path)", why: "it is of another type now", remedy: remedy)
      }
      guard status.st_mode & S_IFMT == S_IFREG, !accepted.contains(.changedFiles) else { return nil }
      let modified = Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec)
      let change: String
      if UInt64(status.st_size) != file.size {
        change = "its size was \(file.size) and is \(status.st_size)"
      } else if modified != file.modifiedNs {
        change = "it has been written since"
      } else {
        return nil
      }
      return Problem(
        errno: .resourceBusy, what: "the file \(file.path)", why: "it is not as it was at the checkpoint: \(change)",
        remedy: "put it back, or accept the difference: --accept changed-files")
    }
  }
}
