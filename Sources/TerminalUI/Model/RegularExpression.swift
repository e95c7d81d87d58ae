/// Defines `RegularExpression`, an extended regular expression of regex(7).

internal import Glibc

/// A compiled expression; letters match in either case. Safe: the compiled form has one owner and is only read.
@safe package final class RegularExpression: @unchecked Sendable {
  private var compiled = unsafe regex_t()

  /// - Throws: `Fault`: what is wrong with the pattern, in the C library's words.
  package init(_ pattern: String) throws(Fault) {
    let error = unsafe regcomp(&compiled, pattern, REG_EXTENDED | REG_ICASE | REG_NOSUB)
    guard error != 0 else { return }
    var text = [CChar](repeating: 0, count: 256)
    unsafe _ = regerror(error, &compiled, &text, text.count)
    let bytes = text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
    // As regcomp(3) leaves it after a failure there is nothing to free.
    unsafe compiled = regex_t()
    throw Fault(what: String(decoding: bytes, as: UTF8.self))
  }

  deinit { unsafe regfree(&compiled) }

  package struct Fault: Error, Sendable, Hashable {
    package var what: String
  }

  /// Whether it matches anywhere in `text`.
  package func matches(_ text: String) -> Bool { unsafe regexec(&compiled, text, 0, nil, 0) == 0 }
}
