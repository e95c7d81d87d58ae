/// Defines how many columns a character takes, independent of the C library's locale.

extension Unicode.Scalar {
  /// 1 or 2 columns; 0 for what must not be sent to a terminal or does not move the cursor (marks, format characters).
  package var columns: Int {
    if value < 0x7f { return value >= 0x20 ? 1 : 0 }
    if value < 0xa0 { return 0 }
    if value < 0x300 { return 1 }
    switch properties.generalCategory {
    case .nonspacingMark, .enclosingMark, .format, .control, .surrogate, .unassigned, .lineSeparator,
      .paragraphSeparator:
      return 0
    default: break
    }
    return Self.wide.contains { $0 ~= value } ? 2 : 1
  }

  /// East Asian wide and fullwidth characters and pictures, by Unicode's EastAsianWidth.txt, in coarse blocks.
  private static let wide: [ClosedRange<UInt32>] = [
    0x1100...0x115f, 0x231a...0x231b, 0x23e9...0x23ec, 0x25fd...0x25fe, 0x2614...0x2615, 0x2648...0x2653,
    0x26a1...0x26a1, 0x26ce...0x26ce, 0x2705...0x2705, 0x270a...0x270b, 0x2728...0x2728, 0x274c...0x274c,
    0x2753...0x2755, 0x2795...0x2797, 0x2b1b...0x2b1c, 0x2b50...0x2b50, 0x2e80...0x303e, 0x3041...0x33ff,
    0x3400...0x4dbf, 0x4e00...0x9fff, 0xa000...0xa4cf, 0xa960...0xa97f, 0xac00...0xd7a3, 0xf900...0xfaff,
    0xfe30...0xfe6f, 0xff00...0xff60, 0xffe0...0xffe6, 0x1f300...0x1f64f, 0x1f680...0x1f6ff, 0x1f900...0x1f9ff,
    0x20000...0x3fffd,
  ]
}

extension StringProtocol {
  /// How many columns the text takes on a canvas, where what has no width shows as one question mark.
  package var columns: Int {
    unicodeScalars.reduce(0) { $0 + ($1.properties.isGraphemeExtend ? 0 : ($1.columns == 2 ? 2 : 1)) }
  }
}
