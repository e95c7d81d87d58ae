/// Defines `ImageStore`, the directory where images are kept that got no path.

internal import CLinux
internal import Glibc
public import SystemCalls

/// A directory of images, mode 0700.
public struct ImageStore: Sendable {
  /// What the names of its images end with.
  public static let suffix = ".crtop"

  /// Its path.
  public let directory: String

  /// A store in a given directory.
  public init(directory: String) { self.directory = directory }

  /// `$CRTOP_IMAGES`; else for root `/var/lib/crtop`, for others `$XDG_STATE_HOME/crtop` or `~/.local/state/crtop`.
  public static func standard() throws(Problem) -> ImageStore {
    try standard(isRoot: geteuid() == 0, environment: environment)
  }

  package static func standard(
    isRoot: Bool, environment: (String) -> String?
  ) throws(Problem) -> ImageStore {
    if let directory = environment("CRTOP_IMAGES") { return ImageStore(directory: directory) }
    if isRoot { return ImageStore(directory: "/var/lib/crtop") }
    // The XDG specification has relative paths ignored.
    if let state = environment("XDG_STATE_HOME"), state.hasPrefix("/") {
      return ImageStore(directory: state + "/crtop")
    }
    guard let home = environment("HOME"), home.hasPrefix("/") else {
      throw Problem(
        errno: .noSuchFileOrDirectory, what: "there is no place for images", why: "HOME is not set",
        remedy: "set CRTOP_IMAGES to a directory")
    }
    return ImageStore(directory: home + "/.local/state/crtop")
  }

  /// Makes the directory, and those above it, where they are missing.
  public func prepare() throws(Problem) {
    do throws(Errno) { try makeDirectory(directory[...]) } catch { throw error.problem("making \(directory)") }
  }

  private func makeDirectory(_ path: Substring) throws(Errno) {
    do throws(Errno) {
      return try makeOneDirectory(path)
    } catch {
      guard error == .noSuchFileOrDirectory, let slash = path.lastIndex(of: "/"), slash > path.startIndex else {
        throw error
      }
      try makeDirectory(path[..<slash])
    }
    try makeOneDirectory(path)
  }

  private func makeOneDirectory(_ path: Substring) throws(Errno) {
    do throws(Errno) {
      _ = try systemCall { unsafe String(path).withCString { unsafe mkdir($0, 0o700) } }
    } catch {
      guard error == .fileExists else { throw error }
    }
  }

  /// A path that no file has yet, for a checkpoint of the task; makes the store if it is missing.
  ///
  /// - Parameter time: seconds since 1970; by default now.
  public func newImagePath(for task: TaskName, time: Int? = nil) throws(Problem) -> String {
    try prepare()
    // Any program may choose its own comm: nothing of it may mean something to a shell or a terminal.
    let safe = String(decoding: task.comm.utf8.map(Self.safe), as: UTF8.self)
    let stamp = UTCTime(time ?? Glibc.time(nil)).compact
    let name = "\(safe.isEmpty || safe.hasPrefix(".") ? "task" : "")\(safe)-\(task.pid)-\(stamp)"
    var path = "\(directory)/\(name)\(Self.suffix)"
    var count = 2
    while unsafe access(path, F_OK) == 0 {
      path = "\(directory)/\(name)-\(count)\(Self.suffix)"
      count += 1
    }
    return path
  }

  private static func safe(_ byte: UInt8) -> UInt8 {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "+"):
      byte
    default: UInt8(ascii: "_")
    }
  }

  /// Removes an image, whole or damaged; refuses everything that does not begin as images do.
  public static func delete(_ path: String) throws(Problem) {
    let target = try ImagePath(path, followingLink: false)
    let directory = try target.openDirectory()
    let status: stat
    let isImage: Bool
    do throws(Errno) {
      let looked = try openAt(directory.number, target.base, .openPath | O_NOFOLLOW)
      status = try fileStatus(looked.number)
      isImage =
        otherKind(status) == nil
        ? try beginsAsImage(OwnedDescriptor.open("/proc/self/fd/\(looked.number)", O_RDONLY)) : false
    } catch {
      throw ImageFault.notOpened(error).problem(path)
    }
    if let kind = otherKind(status) { throw ImageFault.notRegular(kind: kind).problem(path) }
    guard isImage else { throw (status.st_size == 0 ? ImageFault.empty : .foreign).problem(path) }
    do throws(Errno) {
      _ = try systemCall { unsafe target.base.withCString { unsafe unlinkat(directory.number, $0, 0) } }
    } catch {
      throw error.problem("deleting \(path)")
    }
  }
}

/// An environment variable that is set to something.
func environment(_ name: String) -> String? {
  guard let value = unsafe getenv(name) else { return nil }
  let text = unsafe String(cString: value)
  return text.isEmpty ? nil : text
}
