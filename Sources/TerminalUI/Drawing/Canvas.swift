/// Defines `Canvas`, the grid of cells that all views draw on; a terminal or a test then looks at it.

/// A part of the screen, in cells.
package struct Rect: Sendable, Hashable {
  package var row: Int
  package var column: Int
  package var height: Int
  package var width: Int

  package init(row: Int, column: Int, height: Int, width: Int) {
    self.row = row
    self.column = column
    self.height = max(height, 0)
    self.width = max(width, 0)
  }

  /// Whether a cell is inside.
  package func contains(row: Int, column: Int) -> Bool {
    self.row..<self.row + height ~= row && self.column..<self.column + width ~= column
  }

  /// Smaller by a frame of the given thickness.
  package func inset(rows: Int, columns: Int) -> Rect {
    Rect(row: row + rows, column: column + columns, height: height - 2 * rows, width: width - 2 * columns)
  }
}

/// One place on the screen.
package struct Cell: Sendable, Hashable {
  /// What stands there; `nil` in the right half of a wide character.
  package var scalar: Unicode.Scalar?
  package var role: Role
  /// A combining mark on it.
  package var mark: Unicode.Scalar?
}

/// A grid of cells. Whatever is drawn outside is cut off; text from processes cannot do anything to the terminal.
package struct Canvas: Sendable {
  package let width: Int
  package let height: Int
  package let glyphs: Glyphs
  private var cells: [Cell]
  /// Where a text cursor should blink, if anywhere.
  package var cursor: (row: Int, column: Int)?

  /// An empty grid.
  package init(width: Int, height: Int, glyphs: Glyphs = .unicode) {
    self.width = max(width, 0)
    self.height = max(height, 0)
    self.glyphs = glyphs
    cells = [Cell](repeating: Cell(scalar: " ", role: .normal), count: self.width * self.height)
  }

  /// The whole of it.
  package var bounds: Rect { Rect(row: 0, column: 0, height: height, width: width) }

  /// The cell at a place inside.
  package subscript(row: Int, column: Int) -> Cell {
    guard 0..<height ~= row, 0..<width ~= column else { return Cell(scalar: " ", role: .normal) }
    return cells[row * width + column]
  }

  private mutating func set(_ row: Int, _ column: Int, _ scalar: Unicode.Scalar?, _ role: Role) {
    guard 0..<height ~= row, 0..<width ~= column else { return }
    cells[row * width + column] = Cell(scalar: scalar, role: role)
  }

  /// Fills a rectangle with one character.
  package mutating func fill(_ rect: Rect, _ scalar: Unicode.Scalar = " ", role: Role) {
    for row in max(rect.row, 0)..<max(min(rect.row + rect.height, height), max(rect.row, 0)) {
      for column in max(rect.column, 0)..<max(min(rect.column + rect.width, width), max(rect.column, 0)) {
        set(row, column, scalar, role)
      }
    }
  }

  /// Gives the cells of a rectangle another role.
  package mutating func paint(_ rect: Rect, role: Role) {
    for row in rect.row..<rect.row + rect.height where 0..<height ~= row {
      for column in rect.column..<rect.column + rect.width where 0..<width ~= column {
        cells[row * width + column].role = role
      }
    }
  }

  /// Writes text, at most `limit` columns; returns how many it took. Longer text ends in `cut`, by default an ellipsis.
  @discardableResult
  package mutating func write(
    _ text: some StringProtocol, row: Int, column: Int, limit: Int = .max, role: Role, cut: Unicode.Scalar? = nil
  ) -> Int {
    let room = min(limit, width - column)
    guard room > 0, 0..<height ~= row else { return 0 }
    var used = 0
    for scalar in text.unicodeScalars {
      if scalar.isMark {
        if used > 0, glyphs.isUnicode { attach(scalar, row, column + used - 1) }
        continue
      }
      let (shown, columns) = glyphs.shown(scalar)
      if used + columns > room {
        set(row, column + room - 1, cut ?? glyphs.ellipsis, role)
        if room >= 2, self[row, column + room - 2].scalar != nil, isWide(row, column + room - 2) {
          set(row, column + room - 2, " ", role)
        }
        return room
      }
      set(row, column + used, shown, role)
      if columns == 2 { set(row, column + used + 1, nil, role) }
      used += columns
    }
    return used
  }

  /// Puts a mark on the character that ends in a cell; one is kept. Joiners and variation selectors are left out: they
  /// could change the width of what they belong to.
  private mutating func attach(_ mark: Unicode.Scalar, _ row: Int, _ column: Int) {
    let isAccent = [.nonspacingMark, .enclosingMark].contains(mark.properties.generalCategory)
    guard isAccent, !mark.properties.isVariationSelector, 0..<width ~= column else { return }
    let base = row * width + (self[row, column].scalar == nil && column > 0 ? column - 1 : column)
    if cells[base].scalar != " " && cells[base].mark == nil { cells[base].mark = mark }
  }

  /// Whether a row looks the same on another canvas of the same width.
  package func hasSameRow(_ row: Int, as other: Canvas) -> Bool {
    let range = row * width..<(row + 1) * width
    return other.width == width && cells.endIndex >= range.upperBound && other.cells.endIndex >= range.upperBound
      && cells[range] == other.cells[range]
  }

  private func isWide(_ row: Int, _ column: Int) -> Bool { (self[row, column].scalar?.columns ?? 1) == 2 }

  /// Writes text flush right in a field of `width` columns.
  package mutating func writeRight(_ text: String, row: Int, column: Int, width: Int, role: Role) {
    write(text, row: row, column: column + max(width - text.columns, 0), limit: width, role: role)
  }

  /// The characters of a row, without the spaces at its end.
  package func text(row: Int) -> String {
    var text = String.UnicodeScalarView()
    for column in 0..<width {
      if let scalar = self[row, column].scalar { text.append(scalar) }
      if let mark = self[row, column].mark { text.append(mark) }
    }
    while text.last == " " { text.removeLast() }
    return String(text)
  }

  /// All rows.
  package var text: String { (0..<height).map { text(row: $0) }.joined(separator: "\n") }
}
