/// Defines how many columns a character takes: what wcwidth(3) says, as that is what ncurses goes by.

internal import CNcurses
internal import Glibc

/// The columns of all characters up to the last with a picture; those above are taken as wide. Asked for in a locale of
/// its own: tests, and text that is measured before a terminal is there, must not depend on the user's.
private let widths: [UInt8] = {
  guard let locale = unsafe newlocale(1 << LC_CTYPE, "C.UTF-8", nil) else { return [] }
  let before = unsafe uselocale(locale)
  defer {
    unsafe _ = uselocale(before)
    unsafe freelocale(locale)
  }
  return (0..<0x20000).map { UInt8(max(wcwidth(wchar_t($0)), 0)) }
}()

extension Unicode.Scalar {
  /// 1 or 2 columns; 0 for what must not be sent to a terminal or does not move the cursor (marks, format characters).
  package var columns: Int {
    if value < 0x7f { return value >= 0x20 ? 1 : 0 }
    if value < 0xa0 { return 0 }
    // Latin letters, and the lines and arrows that this program draws with.
    if value < 0x300 && value != 0xad || 0x2500...0x25ff ~= value && value != 0x25fd && value != 0x25fe { return 1 }
    switch properties.generalCategory {
    case .nonspacingMark, .enclosingMark, .format, .control, .surrogate, .unassigned, .lineSeparator,
      .paragraphSeparator, .privateUse:
      return 0
    default: break
    }
    let value = Int(value)
    return value < widths.count ? min(Int(widths[value]), 2) : (widths.isEmpty ? 1 : 2)
  }

  /// Whether it belongs to the character before it: an accent, a joiner.
  package var isMark: Bool {
    value >= 0x300 && !(0x2500...0x25ff ~= value) && (properties.isGraphemeExtend || value == 0x200d)
  }
}

extension StringProtocol {
  /// How many columns the text takes on a canvas, where what has no width shows as one question mark.
  package var columns: Int {
    unicodeScalars.reduce(0) { $0 + ($1.isMark ? 0 : ($1.columns == 2 ? 2 : 1)) }
  }
}
