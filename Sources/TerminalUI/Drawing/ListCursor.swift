/// Defines `ListCursor`, the bar in a list that scrolls: which row it is on, and which rows are shown.

package struct ListCursor: Sendable {
  package private(set) var selected = 0
  private var top = 0
  private var area = Rect(row: 0, column: 0, height: 0, width: 0)

  package init(_ selected: Int = 0) { self.selected = max(selected, 0) }

  /// Moves the bar; whether the key meant anything.
  package mutating func handle(_ key: Key, count: Int) -> Bool {
    let page = max(area.height - 1, 1)
    switch key {
    case .up, .control("p"): select(selected - 1, of: count)
    case .down, .control("n"): select(selected + 1, of: count)
    case .pageUp, .control("b"): select(selected - page, of: count)
    case .pageDown, .control("f"): select(selected + page, of: count)
    case .home: select(0, of: count)
    case .end: select(count - 1, of: count)
    default: return false
    }
    return true
  }

  /// Puts the bar on a row, as far as there is one.
  package mutating func select(_ index: Int, of count: Int) { selected = min(max(index, 0), max(count - 1, 0)) }

  /// Where the rows are drawn this time.
  ///
  /// - Returns: the indices of the rows that are shown.
  package mutating func show(in area: Rect, count: Int) -> Range<Int> {
    self.area = area
    select(selected, of: count)
    top = max(min(min(max(top, selected - area.height + 1), selected), count - area.height), 0)
    return top..<min(top + max(area.height, 0), max(count, top))
  }

  /// The row at a place on the screen.
  package func row(at mouse: MouseEvent, count: Int) -> Int? {
    let row = top + mouse.row - area.row
    return area.contains(row: mouse.row, column: mouse.column) && (0..<count).contains(row) ? row : nil
  }
}
