/// The login user id of a process (/proc/PID/loginuid), by which the audit system knows who is behind it.

internal import CLinux
internal import ImageSchema
internal import SystemCalls
internal import Tracing

enum LoginUser: ProcessState {
  private static let unset = UInt32.max
  /// crtop's own, which new tasks inherit; `nil` where the kernel has none.
  private static let own = value("/proc/self/loginuid")

  private static func value(_ path: String) -> UInt32? {
    (try? readText(path)).flatMap { UInt32($0.trimmingPrefix { $0 == " " }.prefix { $0.isNumber }) }
  }

  static func inspect(_ process: JobProcess, _ context: CheckpointContext) {
    guard let user = value("/proc/\(process.pid)/loginuid") else { return }
    process.image.hasLoginUid_p = true
    process.image.loginUid = user
  }

  /// The kernel lets a login user be set once; after that only with CAP_AUDIT_CONTROL.
  static func problems(_ processes: [ImageProcess], _ accepted: Set<AcceptedLoss>) -> [Problem] {
    guard let own, own != unset, !accepted.contains(.loginUser),
      Credentials.own().effective & Capabilities.auditControl == 0
    else { return [] }
    return processes.filter { $0.hasLoginUid_p && $0.loginUid != own }.map {
      Problem(
        task: TaskName(pid: $0.pid, comm: $0.comm), errno: .notPermitted, what: "its login user \($0.loginUid)",
        why: "that of crtop is \(own), and changing it needs CAP_AUDIT_CONTROL",
        remedy: "run crtop as root, or accept crtop's: --accept login-user")
    }
  }

  static func restore(
    _ process: RestartingProcess, _ context: RestartContext, _ calls: inout RemoteCalls
  ) throws(Problem) {
    let user = process.image.loginUid
    guard let own, process.image.hasLoginUid_p, user != own, !context.request.acceptedLosses.contains(.loginUser)
    else { return }
    // Only the task itself may write it. Its descriptors are those of the job by now, so the next free number is known; those
    // that it shares with another process are not there yet.
    let used = Set(process.image.sharedTables.files == 0 ? process.image.descriptors.map(\.number) : [])
    let free = UInt64((UInt32(0)...).first { !used.contains($0) } ?? 0)
    let text = calls.place("\(user)")
    let path = calls.place("/proc/self/loginuid")
    calls.call(
      Int(SYS_openat), UInt64(bitPattern: Int64(AT_FDCWD)), path, UInt64(O_WRONLY), expecting: .value(Int64(free)),
      naming: "login user (open)")
    calls.call(
      Int(SYS_write), free, text, UInt64("\(user)".utf8.count), expecting: .value(Int64("\(user)".utf8.count)),
      naming: "login user (/proc/PID/loginuid)")
    calls.call(Int(SYS_close), free, expecting: .value(0), naming: "login user (close)")
  }
}
