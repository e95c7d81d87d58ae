/// Defines `Glyphs`, the signs the screen is drawn with, in Unicode and in ASCII.

/// One of two tables, chosen by the locale.
package struct Glyphs: Sendable {
  package var isUnicode: Bool
  package var branch: String
  package var lastBranch: String
  package var trunk: String
  package var ellipsis: Unicode.Scalar
  package var horizontal: Unicode.Scalar
  package var vertical: Unicode.Scalar
  package var topLeft: Unicode.Scalar
  package var topRight: Unicode.Scalar
  package var bottomLeft: Unicode.Scalar
  package var bottomRight: Unicode.Scalar
  package var full: Unicode.Scalar
  package var empty: Unicode.Scalar
  package var ascending: String
  package var descending: String
  package var chosen: String
  package var notChosen: String
  package var more: String

  package static let unicode = Glyphs(
    isUnicode: true, branch: "├─", lastBranch: "└─", trunk: "│ ", ellipsis: "…", horizontal: "─", vertical: "│",
    topLeft: "┌", topRight: "┐", bottomLeft: "└", bottomRight: "┘", full: "█", empty: "░", ascending: "▲",
    descending: "▼", chosen: "(•)", notChosen: "( )", more: "…")

  package static let ascii = Glyphs(
    isUnicode: false, branch: "|-", lastBranch: "`-", trunk: "| ", ellipsis: "~", horizontal: "-", vertical: "|",
    topLeft: "+", topRight: "+", bottomLeft: "+", bottomRight: "+", full: "#", empty: ".", ascending: "^",
    descending: "v", chosen: "(*)", notChosen: "( )", more: "...")

  /// What to put into a cell for a character, and its columns: a question mark for what the terminal must not get,
  /// a space for line ends and tabs.
  func shown(_ scalar: Unicode.Scalar) -> (Unicode.Scalar, Int) {
    if scalar.isASCII { return scalar.columns == 1 ? (scalar, 1) : (scalar == "\n" || scalar == "\t" ? " " : "?", 1) }
    let columns = scalar.columns
    return isUnicode && columns > 0 ? (scalar, columns) : ("?", 1)
  }
}
