/// Defines `DescriptorSlot`: one descriptor of a job's process, looked at and classified.

internal import CLinux
internal import ImageSchema
internal import SystemCalls
internal import Tracing

/// A descriptor number of a process that is inspected.
struct DescriptorSlot {
  let process: JobProcess
  let number: Int32
  /// A pidfd of the process's driver.
  let handle: Int32

  /// Finds or adds the open file description; `nil` when it had to be refused.
  func inspect(_ context: CheckpointContext, _ reader: inout ProcFileReader) throws(Errno) -> ImageDescriptor? {
    let link = try readLink("/proc/\(process.driver)/fd/\(number)")
    var information = FDInformation(try reader.read("/proc/\(process.driver)/fdinfo/\(number)"))
    if let refusal = Self.unsupported(link) {
      refuse(context, link, why: refusal.why, remedy: refusal.remedy)
      return nil
    }
    if information.flags & UInt32(CRTOP_O_PATH) != 0 {
      refuse(context, link, why: "descriptors opened with O_PATH are not supported", remedy: "let the program close it")
      return nil
    }
    let closeOnExec = information.flags & UInt32(O_CLOEXEC) != 0
    information.flags &= ~UInt32(O_CLOEXEC)
    var slot = ImageDescriptor()
    slot.number = UInt32(number)
    slot.flags = closeOnExec ? UInt32(FD_CLOEXEC) : 0

    RecordLocks.collect(information.locks, descriptor: number, of: process)
    let key = SharedObjectTable.OpenFileKey(
      mount: information.mount, inode: information.inode, flags: information.flags, position: information.position)
    let id = try context.shared.openFile(key, pid: process.driver, descriptor: number) { () throws(Errno) in
      try inspect(information, link, context)
    }
    guard let id else { return nil }
    slot.openFile = id
    return slot
  }

  /// Looks at an open file description that has not been seen before.
  private func inspect(
    _ information: FDInformation, _ link: String, _ context: CheckpointContext
  ) throws(Errno) -> ImageOpenFile? {
    let copy = OwnedDescriptor(
      adopting: Int32(try rawSystemCall(Int(SYS_pidfd_getfd), Int(handle), Int(number))))
    var file = ImageOpenFile()
    file.flags = information.flags
    file.position = information.position
    file.flock =
      information.locks.first { $0.kind == .flock }.map { $0.isWrite ? UInt32(LOCK_EX) : UInt32(LOCK_SH) } ?? 0
    file.descriptionLocks = information.locks.filter { $0.kind == .description }.map { $0.image(descriptor: number) }
    guard try inspectSettings(copy.number, &file, link, context) else { return nil }
    let status = try fileStatus(copy.number)
    if file.owner != 0, status.isDirectory {
      refuse(
        context, link, why: "a directory has an owner when it notifies of changes (F_NOTIFY), which is not supported",
        remedy: "let the program close the directory before the checkpoint")
      return nil
    }
    guard let object = try OpenFiles.classify(self, copy.number, status, link, context) else { return nil }
    file.object = object
    return file
  }

  /// F_GETOWN_EX, F_GETSIG, F_GETLEASE.
  private func inspectSettings(
    _ copy: Int32, _ file: inout ImageOpenFile, _ link: String, _ context: CheckpointContext
  ) throws(Errno) -> Bool {
    var owner = f_owner_ex()
    _ = try systemCall {
      unsafe withUnsafeMutablePointer(to: &owner) { unsafe crtop_fcntl_pointer(copy, F_GETOWN_EX, $0) }
    }
    file.ownerType = owner.pid == 0 ? 0 : owner.type.rawValue
    file.owner = owner.pid
    file.signal = UInt32(try systemCall { crtop_fcntl(copy, F_GETSIG, 0) })
    let lease = (try? systemCall { crtop_fcntl(copy, F_GETLEASE, 0) }) ?? Int32(F_UNLCK)
    if lease != Int32(F_UNLCK) {
      refuse(context, link, why: "it holds a lease (F_SETLEASE)", remedy: "let the program give up the lease")
      return false
    }
    return true
  }

  func refuse(_ context: CheckpointContext, _ link: String, why: String, remedy: String) {
    context.refuse(process.problem(.notSupported, "descriptor \(number) (\(link))", why: why, remedy: remedy))
  }

  /// What the kernel calls them, and what a programmer does.
  private static let anonymousKinds = [
    "eventpoll": "epoll descriptors (epoll_create(2))", "eventfd": "event descriptors (eventfd(2))",
    "timerfd": "timer descriptors (timerfd_create(2))", "signalfd": "signal descriptors (signalfd(2))",
    "inotify": "inotify descriptors (inotify(7))", "fanotify": "fanotify descriptors (fanotify(7))",
    "io_uring": "io_uring descriptors (io_uring_setup(2))", "userfaultfd": "userfaultfd(2) descriptors",
    "pidfd": "process descriptors (pidfd_open(2))", "bpf": "bpf(2) descriptors",
    "perf_event": "perf_event_open(2) descriptors", "seccomp": "seccomp(2) listeners",
  ]

  /// Kinds that are known by the link's text alone.
  private static func unsupported(_ link: String) -> (why: String, remedy: String)? {
    let closeIt = "let the program close it before the checkpoint"
    if link.hasPrefix("socket:") { return ("sockets are not supported", closeIt) }
    if link.hasPrefix("anon_inode:") {
      let kind = anonymousKinds.first { link.contains($0.key) }?.value ?? "descriptors of this kind"
      return ("\(kind) are not supported", closeIt)
    }
    if link.hasPrefix("/memfd:") { return ("memory files (memfd_create(2)) are not supported", closeIt) }
    if link.hasSuffix(" (deleted)") {
      return ("the file has been deleted, so a restart could not open it", "let the program close it, or link it again")
    }
    let known = link.hasPrefix("/") || link.hasPrefix("pipe:")
    return known ? nil : ("this kind of descriptor is not supported", closeIt)
  }
}

/// What /proc/PID/fdinfo says (proc(5)).
struct FDInformation {
  var position: UInt64 = 0
  var flags: UInt32 = 0
  /// 0 before Linux 5.14.
  var inode: UInt64 = 0
  var mount: UInt64 = 0
  var locks: [FileLock] = []

  init(_ scanner: consuming ByteScanner) {
    while !scanner.isAtEnd {
      if scanner.skip("pos:\t") {
        position = scanner.unsigned() ?? 0
      } else if scanner.skip("flags:\t") {
        flags = UInt32(truncatingIfNeeded: scanner.unsigned(radix: 8) ?? 0)
      } else if scanner.skip("mnt_id:\t") {
        mount = scanner.unsigned() ?? 0
      } else if scanner.skip("ino:\t") {
        inode = scanner.unsigned() ?? 0
      } else if scanner.skip("lock:\t") {
        let line = scanner.text(upTo: UInt8(ascii: "\n"))
        if let lock = FileLock(line) { locks.append(lock) }
        continue
      }
      scanner.skipPast(UInt8(ascii: "\n"))
    }
  }
}
