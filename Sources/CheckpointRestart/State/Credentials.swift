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
    Seccomp.inspect(status, of: thread, process, context)
    if status.groups.count > maximumGroups {
      context.refuse(
        process.problem(
          .notSupported, "its \(status.groups.count) supplementary groups",
          why: "at most \(maximumGroups) are supported",
          remedy: "start the program with fewer groups"))
    }
  }

  static let maximumGroups = 4096

  /// Those of a zombie or dead leader, which the kernel still shows.
  static func saveDead(_ process: JobProcess) {
    var reader = ProcFileReader(capacity: 4096)
    guard let file = try? reader.read("/proc/\(process.pid)/task/\(process.pid)/status") else { return }
    let credentials = image(ProcStatus(file))
    if credentials.isComplete { process.image.credentials = credentials }
  }

  /// Those of the calling thread, which every new task gets.
  static func own() -> ImageCredentials {
    var reader = ProcFileReader()
    guard let status = (try? reader.read("/proc/thread-self/status")).map({ ProcStatus($0) }) else {
      return ImageCredentials()
    }
    var own = image(status)
    own.secureBits = UInt32((try? rawSystemCall(Int(SYS_prctl), Int(PR_GET_SECUREBITS))) ?? 0)
    return own
  }

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
    take(thread.image.credentials, instead: process.inheritedCredentials, &calls)
  }

  /// Of what dies: by then nobody can see its securebits.
  static func restoreDead(_ process: RestartingProcess, _ calls: inout RemoteCalls) {
    if process.image.hasCredentials {
      var image = process.image.credentials
      image.secureBits = process.inheritedCredentials.secureBits
      take(image, instead: process.inheritedCredentials, &calls)
    }
    // Changing them clears it; then there would be no core dump, and its user could not see its exit code.
    let dumpable = process.isZombie ? 1 : UInt64(process.image.attributes.dumpable)
    calls.call(
      Int(SYS_prctl), UInt64(PR_SET_DUMPABLE), dumpable, expecting: .value(0), naming: "dumpable (PR_SET_DUMPABLE)")
  }

  private static func take(
    _ image: ImageCredentials, instead own: ImageCredentials, _ calls: inout RemoteCalls
  ) {
    guard image != own else { return }
    if image.groups.sorted() != own.groups.sorted() {
      let groups = calls.place(image.groups.flatMap { group in unsafe withUnsafeBytes(of: group) { unsafe Array($0) } })
      calls.call(
        Int(SYS_setgroups), UInt64(image.groups.count), groups, expecting: .value(0), naming: "groups (setgroups)")
    }
    if image.groupIds != own.groupIds {
      let group = image.groupIds.map(UInt64.init)
      calls.call(
        Int(SYS_setresgid), group[0], group[1], group[2], expecting: .value(0), naming: "group ids (setresgid)")
      calls.call(Int(SYS_setfsgid), group[3], expecting: .anything, naming: "group id (setfsgid)")
    }
    // Without the fixup, changing the user leaves the capabilities alone until they are set to the saved ones.
    let bits = UInt64(image.secureBits)
    let keeps = image.userIds != own.userIds && own.effective & Capabilities.setCapabilities != 0
    if keeps {
      calls.call(
        Int(SYS_prctl), UInt64(PR_SET_SECUREBITS), UInt64(own.secureBits) | noSetuidFixup, expecting: .value(0),
        naming: "securebits")
    }
    if image.userIds != own.userIds {
      let user = image.userIds.map(UInt64.init)
      calls.call(Int(SYS_setresuid), user[0], user[1], user[2], expecting: .value(0), naming: "user ids (setresuid)")
      calls.call(Int(SYS_setfsuid), user[3], expecting: .anything, naming: "user id (setfsuid)")
    }
    raiseAmbient(image, own, &calls)
    for capability in UInt64(0)..<64 where own.bounding & ~image.bounding & (1 << capability) != 0 {
      calls.call(Int(SYS_prctl), UInt64(PR_CAPBSET_DROP), capability, expecting: .value(0), naming: "bounding set")
    }
    if keeps || image.secureBits != own.secureBits {
      calls.call(Int(SYS_prctl), UInt64(PR_SET_SECUREBITS), bits, expecting: .value(0), naming: "securebits")
    }
    if image.noNewPrivileges && !own.noNewPrivileges {
      calls.call(Int(SYS_prctl), UInt64(PR_SET_NO_NEW_PRIVS), 1, expecting: .value(0), naming: "no_new_privs")
    }
    setCapabilities(image.effective, image.permitted, image.inheritable, &calls)
  }

  /// While the task has crtop's capabilities: the bounding set and the securebits may forbid it later.
  private static func raiseAmbient(
    _ image: ImageCredentials, _ own: ImageCredentials, _ calls: inout RemoteCalls
  ) {
    if image.inheritable != own.inheritable {
      setCapabilities(own.effective, own.permitted, image.inheritable, &calls)
    }
    guard image.ambient != own.ambient else { return }
    calls.call(
      Int(SYS_prctl), UInt64(PR_CAP_AMBIENT), UInt64(PR_CAP_AMBIENT_CLEAR_ALL), expecting: .value(0),
      naming: "ambient capabilities")
    for capability in UInt64(0)..<64 where image.ambient & (1 << capability) != 0 {
      calls.call(
        Int(SYS_prctl), UInt64(PR_CAP_AMBIENT), UInt64(PR_CAP_AMBIENT_RAISE), capability, expecting: .value(0),
        naming: "ambient capabilities")
    }
  }

  /// Whether crtop's capabilities survive execve(2) in a new task (capabilities(7)); root has more afterwards, if anything.
  static func surviveExecution(_ own: ImageCredentials) -> Bool {
    let noRoot: UInt32 = 1  // SECBIT_NOROOT
    let isRoot = own.userIds.dropFirst().first == 0 && own.secureBits & noRoot == 0
    return own.permitted & ~(isRoot ? own.bounding | own.inheritable : own.ambient) == 0
  }

  /// Back to crtop's, after execve(2).
  static func keepCapabilities(_ own: ImageCredentials, _ calls: inout RemoteCalls) {
    setCapabilities(own.effective, own.permitted, own.inheritable, &calls)
  }

  private static func setCapabilities(
    _ effective: UInt64, _ permitted: UInt64, _ inheritable: UInt64, _ calls: inout RemoteCalls
  ) {
    let header = calls.place(words: [capabilityVersion])
    let low = UInt64(UInt32.max)
    let data = calls.place(words: [
      effective & low | (permitted & low) << 32, inheritable & low | (effective >> 32) << 32,
      permitted >> 32 | (inheritable >> 32) << 32,
    ])
    calls.call(Int(SYS_capset), header, data, expecting: .value(0), naming: "capabilities (capset)")
  }
}

extension ImageCredentials {
  /// Whether no id is missing.
  var isComplete: Bool { userIds.count == 4 && groupIds.count == 4 && groups.count <= Credentials.maximumGroups }
}
