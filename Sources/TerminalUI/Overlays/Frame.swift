/// Defines `Frame`, the box that dialogs and screens are drawn in.

enum Frame {
  /// A rectangle in the middle of another, no larger than it.
  static func centred(in area: Rect, height: Int, width: Int) -> Rect {
    let height = min(height, area.height)
    let width = min(width, area.width)
    return Rect(
      row: area.row + (area.height - height) / 2, column: area.column + (area.width - width) / 2, height: height,
      width: width)
  }

  /// Clears the rectangle and draws its frame and title.
  static func draw(on canvas: inout Canvas, _ box: Rect, title: String) {
    guard box.height >= 2, box.width >= 2 else { return }
    let glyphs = canvas.glyphs
    canvas.fill(box, role: .dialog)
    let (bottom, right) = (box.row + box.height - 1, box.column + box.width - 1)
    for column in box.column..<right {
      canvas.write(String(glyphs.horizontal), row: box.row, column: column, role: .dialogFrame)
      canvas.write(String(glyphs.horizontal), row: bottom, column: column, role: .dialogFrame)
    }
    for row in box.row...bottom {
      canvas.write(String(glyphs.vertical), row: row, column: box.column, role: .dialogFrame)
      canvas.write(String(glyphs.vertical), row: row, column: right, role: .dialogFrame)
    }
    for (glyph, row, column) in [
      (glyphs.topLeft, box.row, box.column), (glyphs.topRight, box.row, right),
      (glyphs.bottomLeft, bottom, box.column), (glyphs.bottomRight, bottom, right),
    ] {
      canvas.write(String(glyph), row: row, column: column, role: .dialogFrame)
    }
    canvas.write(" \(title) ", row: box.row, column: box.column + 2, limit: box.width - 4, role: .dialogTitle)
  }

  /// Says at the right edge that there is more above or below.
  static func drawMore(on canvas: inout Canvas, _ box: Rect, above: Bool, below: Bool) {
    let column = box.column + box.width - 3
    if above { canvas.write(canvas.glyphs.ascending, row: box.row, column: column, role: .dialogTitle) }
    if below {
      canvas.write(canvas.glyphs.descending, row: box.row + box.height - 1, column: column, role: .dialogTitle)
    }
  }
}
