/// Credentials of a thread: user and group ids, supplementary groups, capabilities, securebits, no_new_privs.

internal import CLinux
internal import ImageSchema
internal import SystemCalls
internal import Tracing

enum Credentials: ThreadState {
  /// _LINUX_CAPABILITY_VERSION_3 (capget(2)).
  private static let capabilityVersion: UInt64 = 0x2008_0522
  private static let noSetuidFixup: UInt64 = 1 << 2

  static func inspect(
    _ thread: JobThread, of process: JobProcess, _ context: CheckpointContext, _ reader: inout ProcFileReader
  ) {
    let status: ProcStatus
    if thread.tid == process.driver {
      status = process.status
    } else {
      guard let file = try? reader.read("/proc/\(process.pid)/task/\(thread.tid)/status") else {
        context.refuse(
          process.problem(.ioError, "thread \(thread.tid)", why: "its status cannot be read", remedy: "try again"))
        return
      }
      status = ProcStatus(file)
    }
    thread.image.credentials = image(status)
    // Calls of ours inside a filtered thread could end the job.
    if status.seccomp != 0 {
      context.refuse(
        process.problem(
          .notSupported, "the seccomp filter of thread \(thread.tid)", why: "seccomp(2) filters are not supported",
          remedy: "start the program without a filter"))
    }
    if status.groups.count > maximumGroups {
      context.refuse(
        process.problem(
          .notSupported, "its \(status.groups.count) supplementary groups",
          why: "at most \(maximumGroups) are supported",
          remedy: "start the program with fewer groups"))
    }
  }

  static let maximumGroups = 4096

  static func image(_ status: ProcStatus) -> ImageCredentials {
    var image = ImageCredentials()
    (image.userIds, image.groupIds, image.groups) = (status.userIDs, status.groupIDs, status.groups)
    if status.capabilities.count == 5 {
      (image.inheritable, image.permitted) = (status.capabilities[0], status.capabilities[1])
      (image.effective, image.bounding) = (status.capabilities[2], status.capabilities[3])
      image.ambient = status.capabilities[4]
    }
    image.noNewPrivileges = status.noNewPrivileges
    return image
  }

  static func save(_ thread: JobThread, of process: JobProcess, _ calls: inout RemoteCalls) -> Completion? {
    let bits = calls.call(Int(SYS_prctl), UInt64(PR_GET_SECUREBITS), naming: "securebits (PR_GET_SECUREBITS)")
    return { calls in thread.image.credentials.secureBits = UInt32(truncatingIfNeeded: calls.result(bits)) }
  }

  static func restore(
    _ thread: RestartingThread, of process: RestartingProcess, _ calls: inout RemoteCalls
  ) throws(Problem) {
    let image = thread.image.credentials
    guard image != process.inheritedCredentials else { return }
    guard image.userIds.count == 4, image.groupIds.count == 4, image.groups.count <= maximumGroups else {
      throw Problem(
        task: thread.name, errno: .invalidArgument, what: "its credentials in the image", why: "they are not complete")
    }
    for capability in UInt64(0)..<64
    where process.inheritedCredentials.bounding & ~image.bounding & (1 << capability) != 0 {
      calls.call(Int(SYS_prctl), UInt64(PR_CAPBSET_DROP), capability, expecting: .value(0), naming: "bounding set")
    }
    let groups = calls.place(image.groups.flatMap { group in unsafe withUnsafeBytes(of: group) { unsafe Array($0) } })
    calls.call(
      Int(SYS_setgroups), UInt64(image.groups.count), groups, expecting: .value(0), naming: "groups (setgroups)")
    let (group, user) = (image.groupIds.map(UInt64.init), image.userIds.map(UInt64.init))
    calls.call(Int(SYS_setresgid), group[0], group[1], group[2], expecting: .value(0), naming: "group ids (setresgid)")
    calls.call(Int(SYS_setfsgid), group[3], expecting: .anything, naming: "group id (setfsgid)")
    // Without the fixup, changing the user leaves the capabilities alone until they are set to the saved ones.
    let bits = UInt64(image.secureBits)
    calls.call(
      Int(SYS_prctl), UInt64(PR_SET_SECUREBITS), bits | noSetuidFixup, expecting: .value(0), naming: "securebits")
    calls.call(Int(SYS_setresuid), user[0], user[1], user[2], expecting: .value(0), naming: "user ids (setresuid)")
    calls.call(Int(SYS_setfsuid), user[3], expecting: .anything, naming: "user id (setfsuid)")
    calls.call(Int(SYS_prctl), UInt64(PR_SET_SECUREBITS), bits, expecting: .value(0), naming: "securebits")
    if image.noNewPrivileges {
      calls.call(Int(SYS_prctl), UInt64(PR_SET_NO_NEW_PRIVS), 1, expecting: .value(0), naming: "no_new_privs")
    }
    setCapabilities(image, &calls)
  }

  private static func setCapabilities(_ image: ImageCredentials, _ calls: inout RemoteCalls) {
    let header = calls.place(words: [capabilityVersion])
    let low = UInt64(UInt32.max)
    let data = calls.place(words: [
      image.effective & low | (image.permitted & low) << 32, image.inheritable & low | (image.effective >> 32) << 32,
      image.permitted >> 32 | (image.inheritable >> 32) << 32,
    ])
    calls.call(Int(SYS_capset), header, data, expecting: .value(0), naming: "capabilities (capset)")
    for capability in UInt64(0)..<64 where image.ambient & (1 << capability) != 0 {
      calls.call(
        Int(SYS_prctl), UInt64(PR_CAP_AMBIENT), UInt64(PR_CAP_AMBIENT_RAISE), capability, expecting: .value(0),
        naming: "ambient capabilities")
    }
  }
}
