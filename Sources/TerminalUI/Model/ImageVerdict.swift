/// Defines `ImageVerdict`, what is known of an image's content.

package import SystemCalls

/// What a verification of all its bytes has said in this run of the program.
package enum ImageVerdict: Sendable {
  case running
  /// Whole and unaltered; when, in seconds since 1970.
  case verified(Int64)
  case damaged(Problem)
}
