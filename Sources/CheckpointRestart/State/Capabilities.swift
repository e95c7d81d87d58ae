/// Defines `Capabilities`: sets of capabilities(7), 64 bits each, and their names for messages.

/// The names are in the order of the bits (include/uapi/linux/capability.h).
enum Capabilities {
  static let setGroups: UInt64 = 1 << 6
  static let setUsers: UInt64 = 1 << 7
  static let setCapabilities: UInt64 = 1 << 8
  static let administer: UInt64 = 1 << 21
  /// CAP_DAC_OVERRIDE.
  static let overridePermissions: UInt64 = 1 << 1
  static let resources: UInt64 = 1 << 24
  static let auditControl: UInt64 = 1 << 30
  static let checkpointRestore: UInt64 = 1 << 40

  private static let names = [
    "CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SETPCAP",
    "LINUX_IMMUTABLE", "NET_BIND_SERVICE", "NET_BROADCAST", "NET_ADMIN", "NET_RAW", "IPC_LOCK", "IPC_OWNER",
    "SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT", "SYS_PTRACE", "SYS_PACCT", "SYS_ADMIN", "SYS_BOOT", "SYS_NICE",
    "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD", "LEASE", "AUDIT_WRITE", "AUDIT_CONTROL", "SETFCAP",
    "MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG", "WAKE_ALARM", "BLOCK_SUSPEND", "AUDIT_READ", "PERFMON", "BPF",
    "CHECKPOINT_RESTORE",
  ]

  /// Such as "CAP_KILL, CAP_SYS_ADMIN"; many are counted.
  static func description(of set: UInt64) -> String {
    let all = (0..<64).filter { set >> UInt64($0) & 1 == 1 }
    let named = all.prefix(6).map { $0 < names.count ? "CAP_\(names[$0])" : "capability \($0)" }
    return named.joined(separator: ", ") + (all.count > 6 ? " and \(all.count - 6) more" : "")
  }
}
