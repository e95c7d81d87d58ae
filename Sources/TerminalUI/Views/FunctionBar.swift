/// Defines the function bar, the last line of the screen.

enum FunctionBar {
  /// Draws as many keys as there is room for, in their order, the least important left out first.
  ///
  /// - Returns: where each can be clicked.
  static func draw(on canvas: inout Canvas, _ area: Rect, _ hints: [KeyHint]) -> [(Rect, Key)] {
    canvas.fill(area, role: .keyName)
    var shown = hints
    while shown.count > 1, shown.reduce(0, { $0 + width($1) }) > area.width,
      let worst = shown.indices.max(by: { (shown[$0].rank, $0) < (shown[$1].rank, $1) })
    {
      shown.remove(at: worst)
    }
    var targets: [(Rect, Key)] = []
    var column = area.column
    for hint in shown {
      let start = column
      column += canvas.write(hint.key.label, row: area.row, column: column, role: .key)
      column += canvas.write(" \(hint.name) ", row: area.row, column: column, role: .keyName)
      targets.append((Rect(row: area.row, column: start, height: 1, width: column - start), hint.key))
    }
    return targets
  }

  private static func width(_ hint: KeyHint) -> Int { hint.key.label.columns + hint.name.columns + 2 }
}
