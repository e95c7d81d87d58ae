/// Defines `FileTrust`: no task may get, by a restart, a file that it could not open itself.

internal import CLinux
internal import CheckpointImage
internal import Glibc
internal import ImageSchema
internal import SystemCalls

/// crtop opens the job's files with its own rights. Whoever may rename a file of the job may have put a link to somebody
/// else's in its place. So a file that is not the very one of the checkpoint, with its owner and mode, is given only to tasks
/// whose own credentials open it.
struct FileTrust {
  private let processes: [ImageProcess]

  init(_ metadata: ImageMetadata) { processes = metadata.processes }

  /// Checks a file of the job that was just opened with these flags, for all that share the tables of its holders.
  func check(
    _ descriptor: borrowing OwnedDescriptor, _ file: ImageSharedFile, flags: Int32, holders: (ImageProcess) -> Bool
  ) throws(Problem) {
    let status: stat
    do throws(Errno) { status = try fileStatus(descriptor.number) } catch {
      throw error.problem("cannot look at \(file.path)")
    }
    if file.isSame(as: status) || geteuid() != 0 { return }
    let pids = Set(processes.filter(holders).map(\.pid))
    var seen: Set<ImageCredentials> = []
    for process in processes {
      let tables = process.sharedTables
      guard !pids.isDisjoint(with: [process.pid, tables.files, tables.memory, tables.fileSystem]) else { continue }
      for thread in process.threads where seen.insert(thread.credentials).inserted {
        guard !mayOpen(file.path, flags, status, as: thread.credentials) else { continue }
        throw Problem(
          task: TaskName(pid: process.pid, comm: process.comm), errno: .permissionDenied, what: "the file \(file.path)",
          why: "it is another file than at the checkpoint, and one that this task could not open itself",
          remedy: "put the file back, or let the task's user open it")
      }
    }
  }

  /// Opens the file with the credentials of a task. Groups and file system ids belong to a thread, and with the user's id the
  /// capabilities that override permissions go and come (capabilities(7)).
  private func mayOpen(_ path: String, _ flags: Int32, _ status: stat, as image: ImageCredentials) -> Bool {
    let own = Credentials.own()
    guard image.userIds.count == 4, image.groupIds.count == 4, own.userIds.count == 4, own.groupIds.count == 4 else {
      return false
    }
    // As mighty as crtop itself.
    if image.effective & Capabilities.overridePermissions != 0 { return true }
    // Without that, user 0 is a user like others; crtop cannot take its place without keeping its own might.
    guard image.userIds[3] != 0 else { return false }
    Self.setGroups(image.groups)
    _ = try? rawSystemCall(Int(SYS_setfsgid), Int(image.groupIds[3]))
    _ = try? rawSystemCall(Int(SYS_setfsuid), Int(image.userIds[3]))
    defer {
      _ = try? rawSystemCall(Int(SYS_setfsuid), Int(own.userIds[3]))
      _ = try? rawSystemCall(Int(SYS_setfsgid), Int(own.groupIds[3]))
      Self.setGroups(own.groups)
    }
    guard (try? rawSystemCall(Int(SYS_setfsuid), -1)) == Int(image.userIds[3]),
      (try? rawSystemCall(Int(SYS_setfsgid), -1)) == Int(image.groupIds[3]),
      let opened = try? OwnedDescriptor.open(path, flags | O_NOCTTY | O_NONBLOCK),
      let there = try? fileStatus(opened.number)
    else { return false }
    return there.st_ino == status.st_ino && there.st_dev == status.st_dev
  }

  /// setgroups(2) of the calling thread alone, unlike the library's function.
  private static func setGroups(_ groups: [UInt32]) {
    _ = unsafe groups.withUnsafeBytes { buffer in
      try? rawSystemCall(Int(SYS_setgroups), groups.count, Int(bitPattern: buffer.baseAddress))
    }
  }
}

extension ImageSharedFile {
  /// Owner and mode.
  mutating func setIdentity(_ status: stat) {
    (device, inode, mode) = (UInt64(status.st_dev), UInt64(status.st_ino), status.st_mode)
    (uid, gid, hasOwner_p) = (status.st_uid, status.st_gid, true)
  }

  /// Whether it is the same file with the same owner and mode; the device may have another number after a reboot.
  func isSame(as status: stat) -> Bool {
    hasOwner_p && inode == UInt64(status.st_ino) && mode == status.st_mode && uid == status.st_uid
      && gid == status.st_gid
  }
}
