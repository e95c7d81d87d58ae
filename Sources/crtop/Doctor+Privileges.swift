/// What the doctor says of privileges.

internal import SystemCalls

extension Finding {
  /// Bits of capability sets (capabilities(7)).
  private enum Capability: UInt64 {
    case sysPtrace = 19
    case sysAdmin = 21
    case sysResource = 24
    case checkpointRestore = 40
  }

  private static let effective: UInt64 = {
    let lines = ((try? readText("/proc/self/status")) ?? "").split(separator: "\n")
    guard let line = lines.first(where: { $0.hasPrefix("CapEff:") }) else { return 0 }
    return line.split(separator: "\t").last.flatMap { UInt64($0, radix: 16) } ?? 0
  }()

  private static func has(_ capability: Capability) -> Bool { effective & (1 << capability.rawValue) != 0 }

  static func capabilities() -> Finding {
    let restart = has(.checkpointRestore) || has(.sysAdmin)
    let names = [
      has(.checkpointRestore) ? "CAP_CHECKPOINT_RESTORE" : nil, has(.sysAdmin) ? "CAP_SYS_ADMIN" : nil,
      has(.sysPtrace) ? "CAP_SYS_PTRACE" : nil,
    ].compactMap(\.self)
    if restart && has(.sysPtrace) {
      return Finding("capabilities", .ok, "\(names.joined(separator: ", ")): jobs of all users")
    }
    let remedy = "run crtop as root"
    if restart {
      return Finding(
        "capabilities", .limited, "no CAP_SYS_PTRACE: only your own jobs can be checkpointed", remedy: remedy)
    }
    return Finding(
      "capabilities", .missing,
      "neither CAP_CHECKPOINT_RESTORE nor CAP_SYS_ADMIN: only your own jobs can be checkpointed, and none restarted",
      remedy: remedy)
  }

  static func resourceCapability() -> Finding {
    if has(.sysResource) { return Finding("CAP_SYS_RESOURCE", .ok, "hard limits can be raised again") }
    return Finding(
      "CAP_SYS_RESOURCE", .limited, "a job whose hard limits are above crtop's own cannot be restarted",
      remedy: "restart it from a shell with limits as high as the job's (ulimit -H)")
  }

  static func yama() -> Finding {
    let subject = "Yama ptrace_scope"
    guard let text = try? readText("/proc/sys/kernel/yama/ptrace_scope") else {
      return Finding(subject, .ok, "the kernel does not restrict ptrace further")
    }
    let scope = text.split(separator: "\n").first.flatMap { Int($0) } ?? 0
    let remedy = "run crtop as root, or set kernel.yama.ptrace_scope to 0 (sysctl)"
    switch scope {
    case 0: return Finding(subject, .ok, "0: ptrace is not restricted further")
    case 3:
      return Finding(subject, .missing, "3: nobody may trace until the next boot", remedy: "boot with another setting")
    default:
      return has(.sysPtrace)
        ? Finding(subject, .ok, "\(scope), which does not matter with CAP_SYS_PTRACE")
        : Finding(
          subject, .missing, "\(scope): only children of crtop may be traced, so no job can be checkpointed",
          remedy: remedy)
    }
  }
}
