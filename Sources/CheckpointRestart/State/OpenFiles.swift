/// Open file descriptions: regular files, directories and harmless devices, with flags, offset, owner and locks.

internal import CLinux
internal import Glibc
internal import ImageSchema
internal import SystemCalls

enum OpenFiles {
  /// Character devices without state of their own: null, zero, full, random, urandom (Documentation/admin-guide/devices.txt).
  private static let statelessMinors: Set<UInt32> = [3, 5, 7, 8, 9]

  /// Says what an open file description refers to; `nil` when it was refused.
  static func classify(
    _ slot: DescriptorSlot, _ copy: Int32, _ status: stat, _ link: String, _ context: CheckpointContext
  ) throws(Errno) -> ImageOpenFile.OneOf_Object? {
    let flags = try systemCall { crtop_fcntl(copy, F_GETFL, 0) }
    switch status.st_mode & S_IFMT {
    case S_IFREG, S_IFDIR:
      if let why = virtualFile(copy) {
        slot.refuse(context, link, why: why, remedy: "let the program close it before the checkpoint")
        return nil
      }
      let writable = flags & O_ACCMODE != O_RDONLY
      if let id = try context.shared.file(
        link, inode: UInt64(status.st_ino), writable: writable)
      {
        return .file(id)
      }
      slot.refuse(
        context, link, why: "the path now leads to another file, so a restart would open the wrong one",
        remedy: "move the original file back")
    case S_IFIFO where link.hasPrefix("pipe:"):
      return try Pipes.inspect(slot, copy, status, flags, context).map { .pipe($0) }
    case S_IFIFO:
      slot.refuse(context, link, why: "named pipes are not supported", remedy: "let the program close it")
    case S_IFCHR where crtop_major(status.st_rdev) == 1 && statelessMinors.contains(crtop_minor(status.st_rdev)):
      var device = ImageDevice()
      device.path = link
      device.major = crtop_major(status.st_rdev)
      device.minor = crtop_minor(status.st_rdev)
      return .device(device)
    case S_IFCHR where Terminals.isTerminal(status.st_rdev):
      return Terminals.inspect(slot, copy, status, link, context).map { .terminal($0) }
    case S_IFCHR, S_IFBLK:
      slot.refuse(
        context, link, why: "the state of this device cannot be saved", remedy: "let the program close the device")
    default:
      slot.refuse(context, link, why: "this kind of file is not supported", remedy: "let the program close it")
    }
    return nil
  }

  /// File systems whose files have no content that could be the same again (linux/magic.h).
  private static func virtualFile(_ copy: Int32) -> String? {
    var status = statfs()
    guard unsafe fstatfs(copy, &status) == 0 else { return nil }
    return switch UInt64(bitPattern: Int64(status.f_type)) {
    case 0x1980_0202: "POSIX message queues (mq_open(3)) are not supported"
    case 0x9fa0: "a file of /proc shows what is at the moment it is read"
    default: nil
    }
  }

  /// Flags that open(2) takes again; O_ASYNC is set afterwards.
  private static let reopenFlags =
    O_ACCMODE | O_APPEND | O_NONBLOCK | O_DIRECT | O_DIRECTORY | O_NOATIME | O_DSYNC | O_SYNC | O_NOFOLLOW

  /// Opens the description again, in crtop itself, as the new tasks will inherit it.
  static func reopen(_ openFile: ImageOpenFile, path: String) throws(Problem) -> OwnedDescriptor {
    do throws(Errno) {
      let flags = Int32(bitPattern: openFile.flags) & reopenFlags | O_NOCTTY
      let descriptor = try open(path, flags, isLarge: openFile.flags & largeFile != 0)
      if openFile.position > 0 {
        let got = try systemCall { lseek(descriptor.number, off_t(clamping: openFile.position), SEEK_SET) }
        guard UInt64(got) == openFile.position else { throw .invalidArgument }
      }
      return descriptor
    } catch {
      throw error.problem("cannot open \(path) again", remedy: "put the file back as it was at the checkpoint")
    }
  }

  /// O_LARGEFILE of the kernel; the C library's is 0 on 64-bit machines.
  private static let largeFile: UInt32 = 0o100000

  /// A description that a 32-bit program has opened may not grow beyond 2 GiB by it; a 64-bit call gives only others.
  private static func open(_ path: String, _ flags: Int32, isLarge: Bool) throws(Errno) -> OwnedDescriptor {
    if isLarge || Machine.vdso32Bytes.isEmpty { return try OwnedDescriptor.open(path, flags) }
    return OwnedDescriptor(
      adopting: try systemCall {
        unsafe path.withCString { unsafe crtop_open_compat($0, flags | O_CLOEXEC) }
      })
  }

  /// Owner, signal and locks of a description that is open again.
  static func applySettings(_ openFile: ImageOpenFile, to number: Int32, path: String) throws(Problem) {
    do throws(Errno) {
      if openFile.owner != 0 {
        var owner = f_owner_ex(type: __pid_type(rawValue: openFile.ownerType), pid: openFile.owner)
        _ = try systemCall {
          unsafe withUnsafeMutablePointer(to: &owner) { unsafe crtop_fcntl_pointer(number, F_SETOWN_EX, $0) }
        }
      }
      if openFile.signal != 0 { _ = try systemCall { crtop_fcntl(number, F_SETSIG, Int(openFile.signal)) } }
      if openFile.flags & UInt32(O_ASYNC) != 0 {
        let flags = try systemCall { crtop_fcntl(number, F_GETFL, 0) }
        _ = try systemCall { crtop_fcntl(number, F_SETFL, Int(flags | O_ASYNC)) }
      }
      if openFile.flock != 0 { _ = try systemCall { flock(number, Int32(openFile.flock) | LOCK_NB) } }
      for lock in openFile.descriptionLocks {
        var bytes = RecordLocks.bytes(lock)
        _ = try unsafe bytes.withMutableBytes { buffer throws(Errno) in
          try systemCall { unsafe crtop_fcntl_pointer(number, F_OFD_SETLK, buffer.baseAddress) }
        }
      }
    } catch {
      throw error.problem(
        "cannot take the locks and settings of \(path) again", remedy: "find who holds the lock: lslocks(8)")
    }
  }
}
