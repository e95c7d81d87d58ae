/// Defines how text is broken into lines.

/// Breaks text at spaces into lines of at most `width` columns; longer words are broken where the line ends.
///
/// - Parameter indent: columns of space before all lines but the first.
package func wrap(_ text: String, width: Int, indent: Int = 0) -> [String] {
  guard width > indent + 1 else { return [text] }
  var lines: [String] = []
  var line = ""
  var used = 0
  let margin = String(repeating: " ", count: indent)
  func endLine() {
    lines.append(line)
    line = margin
    used = indent
  }
  for paragraph in text.split(separator: "\n", omittingEmptySubsequences: false) {
    var isFirstWord = true
    for word in paragraph.split(separator: " ", omittingEmptySubsequences: false) {
      let columns = word.columns
      if !isFirstWord {
        if used + 1 + columns > width {
          endLine()
        } else {
          line += " "
          used += 1
        }
      }
      isFirstWord = false
      for scalar in word.unicodeScalars {
        let columns = max(scalar.columns, 1)
        if used + columns > width { endLine() }
        line.unicodeScalars.append(scalar)
        used += columns
      }
    }
    endLine()
  }
  return lines
}
