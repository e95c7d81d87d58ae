/// How page data is compressed in an image.

/// The method; its raw value is its name on the command line.
public enum Compression: String, Sendable, CaseIterable {
  case none, lz4, zstd

  /// Its number in the flags of a page data section.
  var flag: UInt32 {
    switch self {
    case .none: 0
    case .lz4: 1
    case .zstd: 2
    }
  }

  init?(flag: UInt32) {
    guard let method = Self.allCases.first(where: { $0.flag == flag }) else { return nil }
    self = method
  }
}
