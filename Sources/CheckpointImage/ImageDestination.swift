/// Defines `ImageDestination`, where an image is written before anybody can see it, and how it gets its name.

internal import CLinux
internal import Glibc
public import SystemCalls

/// A file that gets its name when it is whole, safe on disk and verified, or standard output.
///
/// Whatever ends the program before `commit` has put the file under its name, there is no file of that name, or still
/// the one that was there before.
public struct ImageDestination: ~Copyable {
  /// The image's path, or what stands for it in messages.
  public let name: String
  /// Where to write the image; valid as long as this value lives.
  public let descriptor: Int32
  private let base: String
  /// The directory, `nil` for a stream; owned by `file`.
  private let directory: Int32?
  /// One of the two is there.
  private var file: TemporaryFile?
  private let stream: OwnedDescriptor?

  /// Opens a path, or standard output for `-`. Nothing is visible before `commit`.
  public static func open(_ destination: String) throws(Problem) -> ImageDestination {
    destination == "-" ? try ImageDestination(stream: 1, name: "standard output") : try ImageDestination(destination)
  }

  /// - Parameter named: use a hidden name where a file without a name would do.
  package init(_ path: String, named: Bool = false) throws(Problem) {
    let target = try ImagePath(path)
    let directory = try target.openDirectory()
    try target.checkReplaceable(in: directory.number)
    TemporaryFile.removeAbandoned(in: directory.number)
    let file: TemporaryFile
    do throws(Errno) {
      file = try TemporaryFile(in: directory, named: named)
    } catch {
      throw writeProblem(error, path)
    }
    name = path
    base = target.base
    descriptor = file.number
    self.directory = file.directoryNumber
    stream = nil
    self.file = consume file
  }

  /// Writes to an open descriptor, which must not be a terminal.
  public init(stream: Int32, name: String) throws(Problem) {
    guard isatty(stream) == 0 else {
      throw Problem(
        errno: .invalidArgument, what: "the image cannot be written to \(name)", why: "it is a terminal",
        remedy: "redirect it to a file or a pipe, or name a file with -o")
    }
    let copy: OwnedDescriptor
    do throws(Errno) { copy = try .duplicating(stream) } catch { throw writeProblem(error, name) }
    self.name = name
    base = ""
    descriptor = copy.number
    directory = nil
    file = nil
    self.stream = consume copy
  }

  /// Begins the image.
  public func writer(compression: Compression = .none) throws(Problem) -> ImageWriter {
    try ImageWriter(descriptor: descriptor, name: name, compression: compression)
  }

  /// Refuses an image of `bytes` (an estimate) that would not fit the file system or the limit on file size.
  public func checkSpace(for bytes: UInt64) throws(Problem) {
    guard let directory else { return }
    var limit = rlimit()
    if unsafe getrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0, limit.rlim_cur < bytes {
      throw writeProblem(.fileTooLarge, name)
    }
    if let free = DestinationReport.freeBytes(directory), free < bytes {
      var problem = writeProblem(.noSpace, name)
      problem.why = "about \((bytes + 1023) >> 10) KiB are needed, \(free >> 10) KiB are free"
      throw problem
    }
  }

  /// Makes the image safe on disk, reads it back, and then puts it under its name, replacing an image that was there.
  ///
  /// Standard output is not read back: its reader verifies.
  /// - Parameter rereadingDisk: make the kernel forget the pages first, so that it is the disk that is read.
  public mutating func commit(rereadingDisk: Bool = false, onProgress: ImageProgress? = nil) throws(Problem) {
    do throws(Errno) {
      _ = try systemCall { fsync(descriptor) }
    } catch {
      // Pipes and sockets have nothing to be synchronized.
      guard error == .invalidArgument else { throw writeProblem(error, name) }
    }
    guard let directory else { return }
    if rereadingDisk { _ = posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED) }
    try readBack(onProgress)
    let target = try ImagePath(name)
    try file?.publish(base, path: name) { () throws(Problem) in try target.checkReplaceable(in: directory) }
    do throws(Errno) {
      _ = try systemCall { fsync(directory) }
    } catch {
      // Some file systems cannot do that for directories.
      guard error == .invalidArgument else { throw writeProblem(error, "the directory of \(name)") }
    }
  }

  private func readBack(_ onProgress: ImageProgress?) throws(Problem) {
    let copy: OwnedDescriptor
    do throws(Errno) { copy = try .duplicating(descriptor) } catch { throw writeProblem(error, name) }
    do throws(Problem) {
      _ = try ImageReader(descriptor: copy, name: name).verify(decompressing: true, onProgress: onProgress)
    } catch {
      guard error.errno != .canceled else { throw error }
      throw Problem(
        errno: error.errno, what: "\(name) was not saved: it reads back differently", why: error.why,
        remedy: "look at the kernel log for faults of the disk or memory; choose another file system with -o")
    }
  }
}
