/// Defines `TemporaryFile`, a file that is gone when its owner is, however that comes about.

internal import CLinux
internal import Glibc
internal import SystemCalls

/// A file of mode 0600 in a directory: without a name where the file system can do that (O_TMPFILE), else with a hidden
/// one. It is locked (flock) as long as its owner lives, so that the hidden files of dead owners can be told.
struct TemporaryFile: ~Copyable {
  /// What hidden names begin with.
  static let prefix = ".crtop-partial-"

  private let directory: OwnedDescriptor
  private let file: OwnedDescriptor
  private var hiddenName: String?

  /// The file, open for reading and writing.
  var number: Int32 { file.number }
  /// The directory, open.
  var directoryNumber: Int32 { directory.number }

  /// - Parameter named: do not even try to make a file without a name.
  init(in directory: consuming OwnedDescriptor, named: Bool = false) throws(Errno) {
    if !named {
      do throws(Errno) {
        self.init(directory, try Self.unnamed(in: directory.number), nil)
        return
      } catch {
        // What file systems and kernels without O_TMPFILE say.
        guard error == .notSupportedOnSocket || error == .isDirectory || error == .invalidArgument else { throw error }
      }
    }
    let name = Self.newName()
    self.init(directory, try Self.hidden(name, in: directory.number), name)
  }

  private init(_ directory: consuming OwnedDescriptor, _ file: consuming OwnedDescriptor, _ hiddenName: String?) {
    self.directory = directory
    self.file = file
    self.hiddenName = hiddenName
  }

  private static func unnamed(in directory: Int32) throws(Errno) -> OwnedDescriptor {
    let file = try openAt(directory, ".", .openTemporary | O_RDWR)
    _ = try systemCall { flock(file.number, LOCK_EX | LOCK_NB) }
    return file
  }

  private static func hidden(_ name: String, in directory: Int32) throws(Errno) -> OwnedDescriptor {
    while true {
      let file = try openAt(directory, name, O_CREAT | O_EXCL | O_RDWR)
      // Who clears away may have come between the two calls: then the file is locked by him for a moment, and gone.
      _ = try systemCall { flock(file.number, LOCK_EX) }
      if try fileStatus(file.number).st_nlink > 0 { return file }
    }
  }

  deinit {
    if let hiddenName { unsafe _ = hiddenName.withCString { unsafe unlinkat(directory.number, $0, 0) } }
  }

  /// Puts the file under `name` in one step; `mayReplace` is asked just before a file of that name is replaced.
  ///
  /// - Parameter path: for messages.
  mutating func publish(_ name: String, path: String, mayReplace: () throws(Problem) -> Void) throws(Problem) {
    do throws(Errno) {
      if hiddenName == nil {
        do throws(Errno) { return try link(name) } catch { guard error == .fileExists else { throw error } }
        let hidden = Self.newName()
        try link(hidden)
        hiddenName = hidden
      }
    } catch {
      throw writeProblem(error, path)
    }
    try mayReplace()
    do throws(Errno) { try rename(name) } catch { throw writeProblem(error, path) }
  }

  private func link(_ name: String) throws(Errno) {
    _ = try systemCall {
      unsafe "/proc/self/fd/\(file.number)".withCString { source in
        unsafe name.withCString { unsafe linkat(AT_FDCWD, source, directory.number, $0, AT_SYMLINK_FOLLOW) }
      }
    }
  }

  private mutating func rename(_ name: String) throws(Errno) {
    guard let hidden = hiddenName else { return }
    _ = try systemCall {
      unsafe hidden.withCString { source in
        unsafe name.withCString { unsafe renameat(directory.number, source, directory.number, $0) }
      }
    }
    hiddenName = nil
  }

  private static func newName() -> String { prefix + String(UInt64.random(in: 0...UInt64.max), radix: 36) }

  /// Removes the hidden files in `directory` that dead owners of the same user left behind.
  static func removeAbandoned(in directory: Int32) {
    guard let names = try? directoryEntries("/proc/self/fd/\(directory)") else { return }
    for name in names where name.hasPrefix(prefix) {
      guard let file = try? openAt(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK),
        let status = try? fileStatus(file.number), otherKind(status) == nil, status.st_uid == geteuid(),
        flock(file.number, LOCK_EX | LOCK_NB) == 0
      else { continue }
      unsafe _ = name.withCString { unsafe unlinkat(directory, $0, 0) }
    }
  }
}

/// openat(2), close-on-exec; a file that it creates gets mode 0600.
func openAt(_ directory: Int32, _ name: String, _ flags: Int32) throws(Errno) -> OwnedDescriptor {
  OwnedDescriptor(
    adopting: try systemCall {
      unsafe name.withCString { unsafe crtop_openat(directory, $0, flags | O_CLOEXEC, 0o600) }
    })
}
