/// Defines `Layout`, which part of the screen shows what.

/// The rows of the screen. What is less needed gives way: first the header, then the panel, never the tree.
package struct Layout: Sendable, Hashable {
  /// Smaller screens get only a line that says so.
  package static let minimumWidth = 40
  package static let minimumHeight = 10

  package var header: Rect
  package var titles: Rect
  package var tree: Rect
  package var panel: Rect
  package var notice: Rect
  package var hint: Rect
  package var bar: Rect

  /// - Parameters:
  ///   - headerLines: lines of the header; 0: it is hidden.
  ///   - panelLines: lines that the operation panel would like to have; 0: there is none.
  ///   - noticeLines: lines of the notice; 0: there is none.
  package init(width: Int, height: Int, headerLines: Int = 2, panelLines: Int = 0, noticeLines: Int = 0) {
    let noticeHeight = min(noticeLines, height >= 16 ? 3 : 1)
    // The tree keeps eight rows before the header gets more than one.
    let spare = height - noticeHeight - min(panelLines, 3) - 3 - 8
    let headerHeight = height >= 13 ? min(headerLines, max(spare, 1)) : 0
    let fixed = headerHeight + noticeHeight + 3
    let room = max(height - fixed, 0)
    let panelHeight = panelLines == 0 ? 0 : min(panelLines, max(room * 2 / 5, min(room - 2, 3)))
    var row = 0
    func take(_ lines: Int) -> Rect {
      defer { row += lines }
      return Rect(row: row, column: 0, height: lines, width: width)
    }
    header = take(headerHeight)
    titles = take(1)
    tree = take(max(room - panelHeight, 0))
    panel = take(panelHeight)
    notice = take(noticeHeight)
    hint = take(1)
    bar = take(1)
  }
}
