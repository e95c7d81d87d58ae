/// Defines `StoredImage`, what a listing says of an image without reading all of it.

internal import CLinux
public import ImageSchema
public import SystemCalls

/// A file of an image store.
public struct StoredImage: Sendable {
  /// Its header and trailer, or why they could not be read.
  public enum Content: Sendable {
    /// Memory and processes have not been verified.
    case image(ImageHeader, ImageTrailer)
    case unreadable(Problem)
  }

  public var path: String
  /// Size in bytes.
  public var bytes: UInt64
  /// When the file got its content, in seconds since 1970.
  public var modified: Int
  /// `nil`: there is no file.
  public var identity: FileIdentity?
  public var content: Content

  /// Looks at a file; never fails, but says in `content` what is wrong.
  public init(path: String) {
    self.path = path
    var status = stat()
    if unsafe stat(path, &status) == 0 { identity = FileIdentity(status) } else { status = stat() }
    bytes = UInt64(max(status.st_size, 0))
    modified = status.st_mtim.tv_sec
    do throws(Problem) {
      var reader = try ImageReader(path: path)
      content = .image(reader.header, try reader.readTrailer())
    } catch {
      content = .unreadable(error)
    }
  }
}

extension ImageStore {
  /// All images of the store, the newest first, those that cannot be read among them; none if there is no store.
  public func list() throws(Problem) -> [StoredImage] {
    let names: [String]
    do throws(Errno) {
      names = try directoryEntries(directory)
    } catch {
      if error == .noSuchFileOrDirectory { return [] }
      throw error.problem("listing \(directory)")
    }
    return names.filter { $0.hasSuffix(Self.suffix) && !$0.hasPrefix(".") }
      .map { StoredImage(path: "\(directory)/\($0)") }
      .sorted { ($1.modified, $0.path) < ($0.modified, $1.path) }
  }
}

extension StoredImage {
  /// The object that `crtop images --json` prints.
  public var json: JSON {
    var object: JSON = ["image": JSON(path), "bytes": JSON(bytes), "modified": JSON(UTCTime(modified).extended)]
    switch content {
    case .image(let header, let trailer):
      object.append("pid", JSON(header.rootPid))
      object.append("comm", JSON(header.rootCommand))
      object.append("user", JSON(header.userID))
      object.append("host", JSON(header.hostName))
      object.append("kernel", JSON(header.kernelRelease))
      object.append("time", JSON(UTCTime(Int(header.realTimeNs / 1_000_000_000)).extended))
      object.append("tasks", JSON(header.tasks))
      object.append("threads", JSON(header.threads))
      object.append("zombies", JSON(header.zombies))
      object.append("pages", JSON(trailer.pages))
      object.append("pause_us", JSON(trailer.pauseUs))
    case .unreadable(let problem):
      object.append("code", JSON(problem.code))
      object.append("what", JSON(problem.what))
      object.append("why", JSON(problem.why))
      object.append("remedy", JSON(problem.remedy))
    }
    return object
  }
}
