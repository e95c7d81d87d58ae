/// Defines `ImageVerdicts`, what is known of the content of images.

package import CheckpointImage
package import SystemCalls

/// What a verification of all bytes of an image has said.
package enum ImageVerdict: Sendable {
  case running
  /// Whole and unaltered; when, in seconds since 1970.
  case verified(Int64)
  case damaged(Problem)
}

/// By path, and each for the file that was there then: of an image that was written to or has taken another's place
/// nothing is known.
package struct ImageVerdicts: Sendable {
  private var known: [String: (identity: FileIdentity?, verdict: ImageVerdict)] = [:]
  /// Of earlier runs.
  private var recalled: [FileIdentity: Int64] = [:]

  package init() {}

  package subscript(image: ImageEntry) -> ImageVerdict? {
    if let known = known[image.path], known.identity == image.identity { return known.verdict }
    return image.identity.flatMap { recalled[$0] }.map { .verified($0) }
  }

  package mutating func set(_ verdict: ImageVerdict, for path: String, _ identity: FileIdentity?) {
    known[path] = (identity, verdict)
    if case .damaged = verdict, let identity { recalled[identity] = nil }
  }

  package mutating func forget(_ path: String) { known[path] = nil }

  package mutating func recall(_ verified: [FileIdentity: Int64]) { recalled = verified }
}
