/// Reads an image from a pipe: it is written to a file without a name first, so that it is verified before it is used.

internal import CLinux
internal import Glibc
public import SystemCalls

extension ImageReader {
  /// Opens a path, or standard input for `-`.
  public static func open(_ source: String) throws(Problem) -> ImageReader {
    guard source == "-" else { return try ImageReader(path: source) }
    var directories: [String] = []
    // The store may be missing or read-only; there is another place then.
    if let store = try? ImageStore.standard(), (try? store.prepare()) != nil { directories.append(store.directory) }
    if let temporary = environment("TMPDIR") { directories.append(temporary) }
    return try ImageReader(stream: 0, name: "standard input", directories: directories + ["/var/tmp", "/tmp"])
  }

  /// Reads a stream to its end into a file in the first of `directories` that can have one.
  public init(stream: Int32, name: String, directories: [String]) throws(Problem) {
    guard isatty(stream) == 0 else {
      throw Problem(
        errno: .invalidArgument, what: "no image can be read from \(name)", why: "it is a terminal",
        remedy: "redirect it from a file or a pipe, or name a file")
    }
    let spool = try Self.makeSpool(directories, name)
    try Self.copy(stream, to: spool.number, name)
    let copy: OwnedDescriptor
    do throws(Errno) { copy = try .duplicating(spool.number) } catch { throw ImageFault.notOpened(error).problem(name) }
    try self.init(descriptor: copy, name: name)
  }

  private static func makeSpool(_ directories: [String], _ name: String) throws(Problem) -> TemporaryFile {
    var last = Errno.noSuchFileOrDirectory
    for directory in directories {
      do throws(Errno) {
        return try TemporaryFile(in: try .open(directory, O_RDONLY | O_DIRECTORY))
      } catch {
        last = error
      }
    }
    throw last.problem("keeping what comes from \(name)", remedy: "set TMPDIR to a directory with space for it")
  }

  /// Copies until the end of the stream. What does not begin as an image does is refused after the first bytes.
  private static func copy(_ stream: Int32, to file: Int32, _ name: String) throws(Problem) {
    var output = try ImageOutput(descriptor: file, name: "the copy of \(name)")
    var buffer = RawBuffer()
    var known = 0
    let magic = FileHead.magic
    guard buffer.reserve(1 << 20) else { throw ImageFault.noMemory(bytes: 1 << 20).problem(name) }
    while true {
      let got: Int
      do throws(Errno) {
        got = try systemCall { unsafe read(stream, buffer.bytes.baseAddress, buffer.bytes.count) }
      } catch {
        throw ImageFault.notRead(error, offset: output.offset).problem(name)
      }
      if got == 0 { return try output.flush() }
      let bytes = unsafe UnsafeRawBufferPointer(rebasing: buffer.bytes[..<got])
      let fresh = min(magic.count - known, got)
      guard unsafe magic[known...].starts(with: bytes[..<fresh]) else { throw ImageFault.foreign.problem(name) }
      known += fresh
      unsafe try output.append(bytes)
    }
  }
}
