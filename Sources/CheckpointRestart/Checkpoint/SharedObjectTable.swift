/// Defines `SharedObjectTable`: what several tasks may refer to, found once each (the series' object hash).

internal import CLinux
internal import ImageSchema
internal import SystemCalls

/// Files, open file descriptions and pipes of the job, with the ids they have in the image.
final class SharedObjectTable {
  var image = ImageSharedObjects()
  /// Which job processes hold which end of a pipe; by the pipe's inode.
  var pipeEnds: [UInt64: PipeEnds] = [:]
  private var fileIDs: [String: UInt32] = [:]
  private var openFiles: [OpenFileKey: [OpenFileHolder]] = [:]
  private var pipeIDs: [UInt64: UInt32] = [:]
  /// The terminal that the job was started from, once one has been seen.
  var terminal: UInt64?

  /// Two descriptors can only be the same open file description if they agree in these.
  struct OpenFileKey: Hashable {
    var device: UInt64
    var inode: UInt64
    var flags: UInt32
    var position: UInt64
  }

  struct OpenFileHolder {
    var pid: Int32
    var descriptor: Int32
    var id: UInt32
  }

  struct PipeEnds {
    var holder: TaskName
    var descriptor: Int32
    var hasReader = false
    var hasWriter = false
  }

  /// The file at a path, with what identifies its content; `nil` when the path now leads elsewhere.
  func file(_ path: String, inode: UInt64, writable: Bool = false) throws(Errno) -> UInt32? {
    if let id = fileIDs[path] {
      let known = image.files[Int(id) - 1]
      guard known.inode == inode else { return nil }
      if writable { image.files[Int(id) - 1].writable = true }
      return id
    }
    let status = try fileStatus(path)
    guard status.st_ino == inode else { return nil }
    var file = ImageSharedFile()
    file.id = UInt32(image.files.count + 1)
    file.path = path
    file.device = UInt64(status.st_dev)
    file.inode = inode
    file.mode = status.st_mode
    file.size = UInt64(max(0, status.st_size))
    file.modifiedNs = Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec)
    file.writable = writable
    image.files.append(file)
    fileIDs[path] = file.id
    return file.id
  }

  /// The id of an open file description that is already known by another descriptor (kcmp(2)).
  func knownOpenFile(_ key: OpenFileKey, pid: Int32, descriptor: Int32) throws(Errno) -> UInt32? {
    guard let holders = openFiles[key] else { return nil }
    // kcmp orders the descriptions; the holders are kept in that order.
    var (low, high) = (0, holders.count)
    while low < high {
      let middle = (low + high) / 2
      let holder = holders[middle]
      switch try compare(pid, descriptor, holder) {
      case 0: return holder.id
      case 1: high = middle
      default: low = middle + 1
      }
    }
    return nil
  }

  /// Adds an open file description; its id is set.
  func add(_ openFile: ImageOpenFile, _ key: OpenFileKey, pid: Int32, descriptor: Int32) throws(Errno) -> UInt32 {
    var openFile = openFile
    openFile.id = UInt32(image.openFiles.count + 1)
    image.openFiles.append(openFile)
    var holders = openFiles[key] ?? []
    var (low, high) = (0, holders.count)
    while low < high {
      let middle = (low + high) / 2
      if try compare(pid, descriptor, holders[middle]) == 1 { high = middle } else { low = middle + 1 }
    }
    holders.insert(OpenFileHolder(pid: pid, descriptor: descriptor, id: openFile.id), at: low)
    openFiles[key] = holders
    return openFile.id
  }

  /// The pipe with this inode; `make` reads its capacity and content the first time.
  func pipe(_ inode: UInt64, make: () throws(Errno) -> ImagePipe) throws(Errno) -> UInt32 {
    if let id = pipeIDs[inode] { return id }
    var pipe = try make()
    pipe.id = UInt32(image.pipes.count + 1)
    image.pipes.append(pipe)
    pipeIDs[inode] = pipe.id
    return pipe.id
  }

  private func compare(_ pid: Int32, _ descriptor: Int32, _ holder: OpenFileHolder) throws(Errno) -> Int {
    try rawSystemCall(
      Int(SYS_kcmp), Int(pid), Int(holder.pid), Int(KCMP_FILE.rawValue), Int(descriptor), Int(holder.descriptor))
  }
}

/// stat(2).
func fileStatus(_ path: String) throws(Errno) -> stat {
  var status = stat()
  _ = try systemCall { unsafe path.withCString { name in unsafe stat(name, &status) } }
  return status
}

/// fstat(2).
func fileStatus(_ descriptor: Int32) throws(Errno) -> stat {
  var status = stat()
  _ = try systemCall { unsafe fstat(descriptor, &status) }
  return status
}
