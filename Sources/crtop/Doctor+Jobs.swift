/// What the doctor says of state that only some jobs have.

internal import CLinux
internal import CheckpointRestart
internal import Glibc
internal import SystemCalls

extension Finding {
  /// Reads what is left of a sleep.
  static func sleeps() -> Finding {
    do throws(Errno) {
      try Abilities.readSleeps()
      return Finding("sleeps", .ok, "what is left of a sleep is saved")
    } catch {
      return Finding(
        "sleeps", .limited,
        "what is left of a sleep cannot be read (\(error.symbol)): jobs in a system call with a time limit are refused",
        remedy: error == .notPermitted
          ? "run crtop as root, or accept sleeps that begin anew: --accept sleep-time"
          : "accept sleeps that begin anew: --accept sleep-time")
    }
  }

  /// Lets a job's clocks go on after a reboot. This process's own time stays as it is (time_namespaces(7)).
  static func clocks() -> Finding {
    do throws(Errno) {
      _ = try systemCall { unshare(CLONE_NEWTIME) }
      return Finding("time namespaces", .ok, "clocks of a job go on after a reboot")
    } catch {
      return Finding(
        "time namespaces", .limited, "none can be made (\(error.symbol)): restarts after a reboot are refused",
        remedy: "run crtop as root, or accept clocks that go back: --accept clock")
    }
  }

  /// Gives POSIX timers the ids that they had.
  static func timers() -> Finding {
    if Abilities.restoresTimerIDs {
      return Finding("POSIX timers", .ok, "timers get the ids that they had")
    }
    return Finding(
      "POSIX timers", .limited, "they cannot have the ids that they had: jobs with such timers are not restarted",
      remedy: "use Linux 6.15 or later")
  }

  /// Looks into a job behind its seccomp filters.
  static func seccomp() -> Finding {
    if Abilities.suspendsSeccomp { return Finding("seccomp", .ok, "jobs with seccomp filters can be saved") }
    return Finding(
      "seccomp", .limited, "jobs with seccomp filters are refused",
      remedy: Abilities.isFiltered
        ? "run crtop where it has no seccomp filter itself, outside of the container" : "run crtop as root")
  }
}
