/// Defines `StoreCatalogue`, the images of the image store as the screen lists them.

public import CheckpointImage
internal import ImageSchema
public import SystemCalls

/// The standard image store.
public struct StoreCatalogue: ImageCatalogue {
  /// Has no state: the store is looked up at each use.
  public init() {}

  public func destination(_ path: String) throws(Problem) -> DestinationReport { try DestinationReport(path) }

  public func list() throws(Problem) -> [ImageEntry] {
    try ImageStore.standard().list().map(entry)
  }

  public func entry(_ path: String) -> ImageEntry { entry(StoredImage(path: path)) }

  private func entry(_ stored: StoredImage) -> ImageEntry {
    var entry = ImageEntry(
      path: stored.path, time: Int64(stored.modified), bytes: stored.bytes, identity: stored.identity)
    switch stored.content {
    case .image(let header, _):
      entry.time = header.realTimeNs / 1_000_000_000
      entry.command = header.rootCommand
      entry.rootPid = header.rootPid
      entry.tasks = Int(header.tasks)
      entry.threads = Int(header.threads)
      entry.zombies = Int(header.zombies)
      entry.host = header.hostName
    case .unreadable(let problem): entry.problem = problem
    }
    return entry
  }

  public func verify(_ path: String) throws(Problem) -> FileIdentity {
    let before = identity(path)
    let reader = try ImageReader(path: path)
    _ = try reader.verify(decompressing: true)
    guard let before, before == identity(path) else {
      throw Problem(
        errno: .resourceBusy, what: "verifying \(path)", why: "it has been changed meanwhile", remedy: "verify it again"
      )
    }
    return before
  }

  public func identity(_ path: String) -> FileIdentity? { try? FileIdentity(path: path) }

  public func delete(_ path: String) throws(Problem) { try ImageStore.delete(path) }

  public func defaultDestination(pid: Int32, comm: String) throws(Problem) -> String {
    try ImageStore.standard().newImagePath(for: TaskName(pid: pid, comm: comm))
  }
}
