/// Defines `StoreCatalogue`, the images of the image store as the screen lists them.

public import SystemCalls

/// The standard image store.
public struct StoreCatalogue: ImageCatalogue {
  /// Has no state: the store is looked up at each use.
  public init() {}

  public func list() throws(Problem) -> [ImageEntry] { [] }
  public func verify(_ path: String) throws(Problem) {}
  public func delete(_ path: String) throws(Problem) {}
  public func defaultDestination(pid: Int32, comm: String) throws(Problem) -> String {
    "/var/lib/crtop/\(comm)-\(pid).crtop"
  }
}
