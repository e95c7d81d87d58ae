/// Defines `DestinationReport`, what can be said of an image's destination before anything is written there.

internal import CLinux
internal import Glibc
public import SystemCalls

/// A look that makes nothing. What it finds may have changed when the image is written.
public struct DestinationReport: Sendable, Hashable {
  /// There is an image, which the new one replaces.
  public var replacesImage: Bool
  /// Bytes that may still be written there; `nil`: not known.
  public var freeBytes: UInt64?

  /// Makes a report from its parts.
  public init(replacesImage: Bool, freeBytes: UInt64?) {
    self.replacesImage = replacesImage
    self.freeBytes = freeBytes
  }

  /// Looks at a path.
  ///
  /// - Throws: why no image can be written there: no such directory, not writable, something else of that name.
  public init(_ path: String) throws(Problem) {
    let target = try ImagePath(path)
    let directory = try target.openDirectory()
    try target.checkReplaceable(in: directory.number)
    do throws(Errno) {
      _ = try systemCall { unsafe faccessat(directory.number, ".", W_OK | X_OK, AT_EACCESS) }
    } catch {
      throw writeProblem(error, path)
    }
    self.init(
      replacesImage: unsafe target.base.withCString {
        unsafe faccessat(directory.number, $0, F_OK, AT_SYMLINK_NOFOLLOW)
      } == 0,
      freeBytes: Self.freeBytes(directory.number))
  }

  /// Of the file system that a descriptor is on; for root also what is kept for root.
  static func freeBytes(_ descriptor: Int32) -> UInt64? {
    var status = statvfs()
    guard unsafe fstatvfs(descriptor, &status) == 0 else { return nil }
    let blocks = geteuid() == 0 ? status.f_bfree : status.f_bavail
    let (free, overflow) = UInt64(blocks).multipliedReportingOverflow(by: UInt64(status.f_frsize))
    return overflow ? nil : free
  }
}
