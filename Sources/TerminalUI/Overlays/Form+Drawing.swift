/// Draws a `Form`.

extension Form {
  package func draw(on canvas: inout Canvas, in area: Rect, app: Application) {
    let width = min(area.width, 76)
    let wrapped = lines(self, app).flatMap { line in
      wrap(line.text, width: width - 4, indent: 2).map { StyledLine($0, line.role) }
    }
    textLines = wrapped.count
    // Many controls on a small screen: as many as leave two lines for the text, with the one that has the focus.
    let count = min(controls.count, max(area.height - 5, 1))
    let first = min(max(min(focus, controls.count - 1) - count + 1, 0), controls.count - count)
    let fixed = count + 1
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
    var row = inner.row + textHeight + (roomy ? 1 : 0)
    let labels = controls.map(\.label.columns).max() ?? 0
    for index in first..<first + count {
      drawControl(index, on: &canvas, row: row, inner: inner, labelWidth: labels)
      row += 1
    }
    drawButtons(on: &canvas, row: box.row + box.height - 2, inner: inner)
  }

  private func drawControl(_ index: Int, on canvas: inout Canvas, row: Int, inner: Rect, labelWidth: Int) {
    let (label, control) = controls[index]
    let isFocused = focus == index
    canvas.write(label, row: row, column: inner.column, limit: labelWidth, role: isFocused ? .dialogTitle : .dialog)
    let column = inner.column + labelWidth + 2
    let width = inner.column + inner.width - column
    targets.append((Rect(row: row, column: inner.column, height: 1, width: inner.width), index, nil))
    switch control {
    case .field(let field): field.draw(on: &canvas, row: row, column: column, width: width, focused: isFocused)
    case .toggle(let isOn):
      canvas.write(
        isOn ? "[x]" : "[ ]", row: row, column: column, limit: width, role: isFocused ? .choiceFocused : .dialog)
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
