/// Defines `SharedObjectTable`: what several tasks may refer to, found once each (the series' object hash).

internal import CLinux
internal import Glibc
internal import ImageSchema
internal import Synchronization
internal import SystemCalls

/// Files, open file descriptions and pipes of the job, with the ids they have in the image. Many processes are inspected
/// at once: each method holds a lock.
final class SharedObjectTable {
  private(set) var image = ImageSharedObjects()
  /// Which job processes hold which end of a pipe; by the pipe's inode.
  private var pipeEnds: [UInt64: PipeEnds] = [:]
  private var fileIDs: [String: UInt32] = [:]
  private var openFiles: [OpenFileKey: [OpenFileHolder]] = [:]
  private var pipeIDs: [UInt64: UInt32] = [:]
  /// The terminal that the job was started from, once one has been seen.
  private var terminal: UInt64?
  /// Holds `openFiles`; taken before the other.
  private let descriptions = Mutex<Void>(())
  /// Holds everything else.
  private let objects = Mutex<Void>(())

  /// What fdinfo says: two descriptors can only be the same open file description if they agree in these.
  struct OpenFileKey: Hashable {
    var mount: UInt64
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
    /// Nobody at all has the other end (poll(2)).
    var otherIsClosed = false
  }

  /// The file at a path, with what identifies its content; `nil` when the path now leads elsewhere.
  func file(_ path: String, inode: UInt64, writable: Bool = false) throws(Errno) -> UInt32? {
    try objects.withLock { (_) throws(Errno) in
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
      file.setIdentity(status)
      file.size = UInt64(max(0, status.st_size))
      file.modifiedNs = Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec)
      file.writable = writable
      image.files.append(file)
      fileIDs[path] = file.id
      return file.id
    }
  }

  /// The id of the open file description behind a descriptor. One that no descriptor seen so far refers to (kcmp(2)) is
  /// added as `make` says; `nil`: it has been refused.
  func openFile(
    _ key: OpenFileKey, pid: Int32, descriptor: Int32, make: () throws(Errno) -> ImageOpenFile?
  ) throws(Errno) -> UInt32? {
    try descriptions.withLock { (_) throws(Errno) in
      // kcmp orders the descriptions; the holders are kept in that order.
      let holders = openFiles[key] ?? []
      var (low, high) = (0, holders.count)
      while low < high {
        let middle = (low + high) / 2
        switch try compare(pid, descriptor, holders[middle]) {
        case 0: return holders[middle].id
        case 1: high = middle
        default: low = middle + 1
        }
      }
      guard var openFile = try make() else { return nil }
      // `image` as a whole is held by the other lock, also to count what only we add.
      let id = objects.withLock { _ in
        openFile.id = UInt32(image.openFiles.count + 1)
        image.openFiles.append(openFile)
        return openFile.id
      }
      openFiles[key, default: []].insert(OpenFileHolder(pid: pid, descriptor: descriptor, id: id), at: low)
      return id
    }
  }

  /// The pipe with this inode, of which the process has one end; `make` reads its capacity and content the first time.
  func pipe(
    _ inode: UInt64, _ end: PipeEnds, make: () throws(Errno) -> ImagePipe
  ) throws(Errno) -> UInt32 {
    try objects.withLock { (_) throws(Errno) in
      if end.hasReader { pipeEnds[inode, default: end].hasReader = true }
      if end.hasWriter { pipeEnds[inode, default: end].hasWriter = true }
      if let id = pipeIDs[inode] { return id }
      var pipe = try make()
      pipe.id = UInt32(image.pipes.count + 1)
      image.pipes.append(pipe)
      pipeIDs[inode] = pipe.id
      return pipe.id
    }
  }

  /// Which ends of each pipe are in the job.
  func allPipeEnds() -> [UInt64: PipeEnds] { objects.withLock { _ in pipeEnds } }

  /// Who in the job holds open file descriptions of regular files and directories, by path. One that only appends has no
  /// offset that matters.
  func holdersByPath() -> [String: [OpenFileHolder]] {
    descriptions.withLock { _ in
      var found: [String: [OpenFileHolder]] = [:]
      for holder in openFiles.values.joined() {
        let openFile = image.openFiles[Int(holder.id) - 1]
        guard case .file(let id) = openFile.object,
          Int32(bitPattern: openFile.flags) & (O_ACCMODE | O_APPEND) != O_WRONLY | O_APPEND
        else { continue }
        found[image.files[Int(id) - 1].path, default: []].append(holder)
      }
      return found
    }
  }

  /// Whether the terminal is the first, or the same as the first.
  func isOnlyTerminal(_ device: UInt64) -> Bool {
    objects.withLock { _ in
      terminal = terminal ?? device
      return terminal == device
    }
  }

  /// kcmp(2): 0 when the descriptor refers to the holder's open file description.
  func compare(_ pid: Int32, _ descriptor: Int32, _ holder: OpenFileHolder) throws(Errno) -> Int {
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

extension stat {
  var isDirectory: Bool { st_mode & S_IFMT == S_IFDIR }
}
