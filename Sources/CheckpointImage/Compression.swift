/// How page data is compressed in an image.

/// The method; its raw value is its name on the command line.
public enum Compression: String, Sendable, CaseIterable {
  case none, lz4, zstd
}
