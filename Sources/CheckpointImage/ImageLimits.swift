/// The bounds that every image keeps. A reader checks them before it allocates anything; docs/image-format.md lists them.

/// Limits of format version 1.
public enum ImageLimits {
  /// Bytes of a page, of every machine this format version knows.
  public static let pageSize = 4096
  /// Pages of one chunk: 64 MiB.
  public static let chunkPages = 16384
  /// The end of the addresses that a task can map (x86_64, 47 bits less the guard page).
  public static let userAddressEnd: UInt64 = 0x7fff_ffff_f000
  /// The greatest pid that a kernel can be told to use (PID_MAX_LIMIT).
  public static let maximumPid: Int32 = 4_194_304
  /// Bytes of the metadata of one process, or of all shared objects.
  static let metadataBytes: UInt64 = 512 << 20
  /// Bytes of the description of one chunk.
  static let runsBytes: UInt64 = 16 << 20
  static let headerBytes: UInt64 = 1 << 20
  static let trailerBytes: UInt64 = 4096
}
