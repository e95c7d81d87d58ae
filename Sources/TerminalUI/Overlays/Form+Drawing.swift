/// Draws a `Form`.

extension Form {
  package func draw(on canvas: inout Canvas, in area: Rect, app: Application) {
    let width = min(area.width, 76)
    let wrapped = lines(self, app).flatMap { line in
      wrap(line.text, width: width - 4, indent: 2).map { StyledLine($0, line.role) }
    }
    textLines = wrapped.count
    errorLine = wrapped.firstIndex { $0.role == .error }
    // Many controls on a small screen: as many as leave two lines for the text, with the one that has the focus.
    let heights = controls.map { height(of: $0, width: width - 4) }
    let shown = visible(heights, in: max(area.height - 5, 1))
    let fixed = min(heights[shown].reduce(0, +), max(area.height - 5, 1)) + 1
    // On a small screen the empty lines go first.
    let roomy = wrapped.count + fixed + 4 <= area.height
    let box = Frame.centred(in: area, height: wrapped.count + fixed + (roomy ? 4 : 2), width: width)
    Frame.draw(on: &canvas, box, title: title)
    let inner = box.inset(rows: 1, columns: 2)
    targets = []
    textHeight = max(inner.height - fixed - (roomy ? 2 : 0), 0)
    scroll = max(min(scroll, wrapped.count - textHeight), 0)
    for (offset, line) in wrapped.dropFirst(scroll).prefix(textHeight).enumerated() {
      canvas.write(line.text, row: inner.row + offset, column: inner.column, limit: inner.width, role: line.role)
    }
    if wrapped.count > textHeight {
      let below = wrapped.count - scroll - textHeight
      let more = below > 0 ? " PgDn: \(below) more " : " PgUp "
      canvas.writeRight(more, row: box.row, column: inner.column, width: inner.width, role: .dialogTitle)
    }
    if let verdict = verdict?(self) {
      canvas.write(
        " \(verdict.text) ", row: box.row + box.height - 1, column: box.column + 2, limit: box.width - 4,
        role: verdict.role)
    }
    var row = inner.row + textHeight + (roomy ? 1 : 0)
    let labels = controls.filter { !$0.control.isToggle }.map(\.label.columns).max() ?? 0
    let buttons = box.row + box.height - 2
    for index in shown {
      drawControl(
        index, on: &canvas, row: row,
        inner: Rect(row: row, column: inner.column, height: min(heights[index], buttons - row), width: inner.width),
        labelWidth: labels)
      row += heights[index]
    }
    drawButtons(on: &canvas, row: buttons, inner: inner)
  }

  /// Rows that a control takes: the label of a check box may be wrapped.
  private func height(of item: (label: String, control: Control), width: Int) -> Int {
    item.control.isToggle ? Self.wrapped(item.label, width).count : 1
  }

  private static func wrapped(_ label: String, _ width: Int) -> [String] {
    wrap("[ ] " + label, width: width, indent: 4)
  }

  /// The controls that have room in so many rows, the one with the focus among them, or the last where a button has it.
  private func visible(_ heights: [Int], in rows: Int) -> Range<Int> {
    guard !heights.isEmpty else { return 0..<0 }
    var shown = min(focus, heights.count - 1)..<min(focus, heights.count - 1) + 1
    var used = heights[shown.lowerBound]
    while shown.lowerBound > 0, used + heights[shown.lowerBound - 1] <= rows {
      shown = shown.lowerBound - 1..<shown.upperBound
      used += heights[shown.lowerBound]
    }
    while shown.upperBound < heights.count, used + heights[shown.upperBound] <= rows {
      used += heights[shown.upperBound]
      shown = shown.lowerBound..<shown.upperBound + 1
    }
    return shown
  }

  private func drawControl(_ index: Int, on canvas: inout Canvas, row: Int, inner: Rect, labelWidth: Int) {
    let (label, control) = controls[index]
    let isFocused = focus == index
    targets.append((inner, index, nil))
    if case .toggle(let isOn) = control {
      for (offset, line) in Self.wrapped(label, inner.width).prefix(inner.height).enumerated() {
        let text = offset == 0 && isOn ? "[x]" + line.dropFirst(3) : line
        canvas.write(text, row: row + offset, column: inner.column, role: isFocused ? .choiceFocused : .dialog)
      }
      return
    }
    canvas.write(label, row: row, column: inner.column, limit: labelWidth, role: isFocused ? .dialogTitle : .dialog)
    let column = inner.column + labelWidth + 2
    let width = inner.column + inner.width - column
    switch control {
    case .field(let field): field.draw(on: &canvas, row: row, column: column, width: width, focused: isFocused)
    case .toggle: break
    case .choice(let options, let chosen):
      drawChoice(options, chosen, index, on: &canvas, row: row, column: column, width: width)
    }
  }

  private func drawChoice(
    _ options: [String], _ chosen: Int, _ index: Int, on canvas: inout Canvas, row: Int, column: Int, width: Int
  ) {
    let isFocused = focus == index
    let needed = options.reduce(-2) { $0 + $1.columns + 6 }
    guard needed <= width else {
      let text = "< \(options.indices.contains(chosen) ? options[chosen] : "") >"
      canvas.write(text, row: row, column: column, limit: width, role: isFocused ? .choiceFocused : .dialog)
      return
    }
    var column = column
    for (option, label) in options.enumerated() {
      let isChosen = option == chosen
      let text = (isChosen ? canvas.glyphs.chosen : canvas.glyphs.notChosen) + " " + label
      canvas.write(
        text, row: row, column: column, role: isChosen ? (isFocused ? .choiceFocused : .dialogTitle) : .dialog)
      targets.insert((Rect(row: row, column: column, height: 1, width: text.columns), index, option), at: 0)
      column += text.columns + 2
    }
  }

  private func drawButtons(on canvas: inout Canvas, row: Int, inner: Rect) {
    let texts = buttons.map { "[ \($0.label) ]" }
    var column = inner.column + max((inner.width - texts.reduce(-2) { $0 + $1.columns + 2 }) / 2, 0)
    for (index, text) in texts.enumerated() {
      let isFocused = focus == controls.count + index
      let role: Role =
        if !buttons[index].isEnabled(self) {
          isFocused ? .choiceFocused : .buttonDisabled
        } else if isFocused {
          buttons[index].isDangerous ? .dangerFocused : .buttonFocused
        } else {
          .button
        }
      canvas.write(text, row: row, column: column, limit: inner.column + inner.width - column, role: role)
      targets.append((Rect(row: row, column: column, height: 1, width: text.columns), controls.count + index, nil))
      column += text.columns + 2
    }
  }
}
