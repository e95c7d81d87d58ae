/// File locks: POSIX record locks of a process, locks of an open file description, flock(2).

internal import CLinux
internal import ImageSchema
internal import SystemCalls
internal import Tracing

/// A lock as fdinfo shows it: "1: POSIX  ADVISORY  WRITE 1234 fe:00:5678 0 EOF".
struct FileLock {
  enum Kind { case record, description, flock }
  var kind: Kind
  var isWrite: Bool
  var start: UInt64
  var length: UInt64

  init?(_ line: String) {
    let words = line.split(separator: " ")
    guard words.count >= 8, let start = UInt64(words[6]) else { return nil }
    switch words[1] {
    case "POSIX": kind = .record
    case "OFDLCK": kind = .description
    case "FLOCK": kind = .flock
    default: return nil
    }
    isWrite = words[3] == "WRITE"
    self.start = start
    if let end = UInt64(words[7]), end >= start { length = end - start + 1 } else { length = 0 }
  }

  func image(descriptor: Int32) -> ImageRecordLock {
    var lock = ImageRecordLock()
    lock.descriptor = UInt32(descriptor)
    lock.type = UInt32(isWrite ? F_WRLCK : F_RDLCK)
    lock.start = start
    lock.length = length
    return lock
  }
}

/// Record locks (fcntl(2), F_SETLK): they belong to the process, so it takes them itself.
enum RecordLocks: ProcessState {
  /// Called for each descriptor; a lock shows at every descriptor of its file and is kept once.
  static func collect(_ locks: [FileLock], descriptor: Int32, of process: JobProcess) {
    for lock in locks where lock.kind == .record {
      let image = lock.image(descriptor: descriptor)
      process.image.recordLocks.append(image)
    }
  }

  static func restore(
    _ process: RestartingProcess, _ context: RestartContext, _ calls: inout RemoteCalls
  ) throws(Problem) {
    for lock in process.image.recordLocks {
      let address = calls.place(bytes(lock))
      // A lock seen at a second descriptor of the same file is the same lock: taking it again changes nothing. A descriptor
      // without the access the lock needs gives EBADF; the one by which it was taken is among the others.
      calls.call(
        Int(SYS_fcntl), UInt64(lock.descriptor), UInt64(F_SETLK), address,
        expecting: .valueOrErrno(0, .badFileDescriptor), naming: "record lock (F_SETLK)")
    }
  }

  /// struct flock.
  static func bytes(_ lock: ImageRecordLock) -> [UInt8] {
    let raw = flock(
      l_type: Int16(truncatingIfNeeded: lock.type), l_whence: Int16(SEEK_SET), l_start: off_t(clamping: lock.start),
      l_len: off_t(clamping: lock.length), l_pid: 0)
    return unsafe withUnsafeBytes(of: raw) { unsafe Array($0) }
  }
}
