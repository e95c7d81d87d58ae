/// Opens an image file after a look at what it is and to whom it belongs.

internal import CLinux
internal import SystemCalls

/// Opens `path` for reading.
///
/// The file is looked at before it is opened, because opening a FIFO blocks and opening a device can do anything.
func openImage(_ path: String) throws(Problem) -> OwnedDescriptor {
  let looked = try opened(path, .openPath, name: path)
  let status = try imageStatus(looked.number, path)
  try checkTrust(status, path)
  return try opened("/proc/self/fd/\(looked.number)", O_RDONLY, name: path)
}

private func opened(_ path: String, _ flags: Int32, name: String) throws(Problem) -> OwnedDescriptor {
  do throws(Errno) {
    return try OwnedDescriptor.open(path, flags)
  } catch {
    throw ImageFault.notOpened(error).problem(name)
  }
}

/// What fstat(2) says of an image, which must be a regular file.
func imageStatus(_ descriptor: Int32, _ name: String) throws(Problem) -> stat {
  let status: stat
  do throws(Errno) { status = try fileStatus(descriptor) } catch { throw ImageFault.notOpened(error).problem(name) }
  if let kind = otherKind(status) { throw ImageFault.notRegular(kind: kind).problem(name) }
  return status
}

/// fstat(2).
func fileStatus(_ descriptor: Int32) throws(Errno) -> stat {
  var status = stat()
  _ = try systemCall { unsafe fstat(descriptor, &status) }
  return status
}

/// What kind of file it is, where it is none that can hold an image.
func otherKind(_ status: stat) -> String? {
  switch Int32(bitPattern: status.st_mode) & S_IFMT {
  case S_IFREG: nil
  case S_IFDIR: "a directory"
  case S_IFIFO: "a FIFO"
  case S_IFSOCK: "a socket"
  case S_IFCHR: "a character device"
  case S_IFBLK: "a block device"
  case S_IFLNK: "a symbolic link"
  default: "of an unknown kind"
  }
}

/// An image is a program to be run as its tasks' users: only the caller and root may have written it.
private func checkTrust(_ status: stat, _ name: String) throws(Problem) {
  guard status.st_uid == geteuid() || status.st_uid == 0 else {
    throw ImageFault.foreignOwner(user: status.st_uid).problem(name)
  }
  guard status.st_mode & 0o022 == 0 else {
    throw ImageFault.writableByOthers(mode: status.st_mode & 0o7777).problem(name)
  }
}
