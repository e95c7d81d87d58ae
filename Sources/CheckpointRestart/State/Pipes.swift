/// Pipes with their capacity and content. Both ends must be inside the subtree, or closed.

internal import CLinux
internal import FoundationEssentials
internal import Glibc
internal import ImageSchema
internal import SystemCalls

enum Pipes {
  /// Saves the pipe behind a descriptor, once.
  static func inspect(
    _ slot: DescriptorSlot, _ copy: Int32, _ status: stat, _ flags: Int32, _ context: CheckpointContext
  ) throws(Errno) -> UInt32? {
    let inode = UInt64(status.st_ino)
    var poll = pollfd(fd: copy, events: 0, revents: 0)
    unsafe _ = Glibc.poll(&poll, 1, 0)
    let end = SharedObjectTable.PipeEnds(
      holder: slot.process.name, descriptor: slot.number, hasReader: flags & O_ACCMODE != O_WRONLY,
      hasWriter: flags & O_ACCMODE != O_RDONLY, otherIsClosed: poll.revents & Int16(POLLHUP | POLLERR) != 0)
    let isPreflight = context.isPreflight
    let id = try context.shared.pipe(inode, end) { () throws(Errno) -> ImagePipe in
      var pipe = ImagePipe()
      pipe.capacity = UInt32(try systemCall { crtop_fcntl(copy, F_GETPIPE_SZ, 0) })
      if !isPreflight { pipe.content = Data(try content(of: copy, capacity: pipe.capacity)) }
      return pipe
    }
    if flags & O_DIRECT != 0 {
      slot.refuse(
        context, "pipe:[\(inode)]", why: "a pipe in packet mode (O_DIRECT) is not supported",
        remedy: "let the program use the pipe without O_DIRECT")
      return nil
    }
    return id
  }

  /// Copies what is in a pipe with tee(2): the pipe keeps it.
  private static func content(of copy: Int32, capacity: UInt32) throws(Errno) -> [UInt8] {
    // Opened anew for reading: the descriptor at hand may be the write end.
    let source = try OwnedDescriptor.open("/proc/self/fd/\(copy)", O_RDONLY | O_NONBLOCK)
    var length: Int32 = 0
    _ = try systemCall {
      unsafe withUnsafeMutablePointer(to: &length) { unsafe crtop_ioctl(source.number, UInt(FIONREAD), $0) }
    }
    guard length > 0 else { return [] }
    let own = try PipeEnds()
    _ = try? systemCall { crtop_fcntl(own.writer.number, F_SETPIPE_SZ, Int(capacity)) }
    let copied = try systemCall { tee(source.number, own.writer.number, Int(length), UInt32(SPLICE_F_NONBLOCK)) }
    guard copied == Int(length) else { throw .resourceBusy }
    var bytes = [UInt8](repeating: 0, count: copied)
    var done = 0
    while done < copied {
      let got = try unsafe bytes.withMutableBytes { buffer throws(Errno) in
        try systemCall { unsafe read(own.reader.number, buffer.baseAddress?.advanced(by: done), copied - done) }
      }
      if got == 0 { throw .ioError }
      done += got
    }
    return bytes
  }

  /// A pipe that a process outside the subtree holds too: what that wrote or reads would be cut off.
  static func problem(_ link: String, _ ends: SharedObjectTable.PipeEnds, sharedWith outsider: TaskName) -> Problem {
    Problem(
      task: ends.holder, errno: .resourceBusy, what: "descriptor \(ends.descriptor) (\(link))",
      why: "the pipe is shared with \(outsider.comm) (\(outsider.pid)), which is outside the subtree",
      remedy: "checkpoint the common parent of both, or redirect to a file")
  }

  /// A pipe whose other end is neither in the subtree nor closed, while some processes' descriptors cannot be seen.
  static func problem(_ inode: UInt64, withHiddenEnd ends: SharedObjectTable.PipeEnds) -> Problem? {
    guard !(ends.hasReader && ends.hasWriter) && !ends.otherIsClosed else { return nil }
    return Problem(
      task: ends.holder, errno: .permissionDenied, what: "descriptor \(ends.descriptor) (pipe:[\(inode)])",
      why: "its other end is not in the subtree, and crtop may not see whether a process of another user has it",
      remedy: "run crtop as root")
  }

  /// Makes the pipe again with its content, and gives both ends.
  static func remake(_ image: ImagePipe) throws(Problem) -> PipeEnds {
    do throws(Errno) {
      let ends = try PipeEnds()
      let writer = ends.writer.number
      if try systemCall({ crtop_fcntl(writer, F_GETPIPE_SZ, 0) }) != Int32(clamping: image.capacity) {
        _ = try systemCall { crtop_fcntl(writer, F_SETPIPE_SZ, Int(image.capacity)) }
      }
      if !image.content.isEmpty {
        let content = [UInt8](image.content)
        _ = try systemCall { crtop_fcntl(writer, F_SETFL, Int(O_NONBLOCK)) }
        let written = try unsafe content.withBytes { buffer throws(Errno) in
          try systemCall { unsafe write(writer, buffer.baseAddress, buffer.count) }
        }
        guard written == content.count else { throw .noSpace }
        _ = try systemCall { crtop_fcntl(writer, F_SETFL, 0) }
      }
      return ends
    } catch { throw error.problem("cannot make pipe \(image.id) again (\(image.content.count) bytes in it)") }
  }
}
