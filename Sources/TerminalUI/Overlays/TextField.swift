/// Defines `TextField`, one line of text that can be edited.

/// The text and the place of the cursor in it.
package struct TextField: Sendable {
  private var characters: [Character]
  private var cursor: Int

  package init(_ text: String = "") {
    characters = Array(text)
    cursor = characters.count
  }

  package var text: String { String(characters) }

  /// Edits; whether the key meant anything here.
  package mutating func handle(_ key: Key) -> Bool {
    switch key {
    case .character(let character):
      characters.insert(character, at: cursor)
      cursor += 1
    case .backspace:
      guard cursor > 0 else { return true }
      cursor -= 1
      characters.remove(at: cursor)
    case .delete: if cursor < characters.count { characters.remove(at: cursor) }
    case .left: cursor = max(cursor - 1, 0)
    case .right: cursor = min(cursor + 1, characters.count)
    case .home, .control("a"): cursor = 0
    case .end, .control("e"): cursor = characters.count
    case .control("u"):
      characters.removeFirst(cursor)
      cursor = 0
    case .control("k"): characters.removeLast(characters.count - cursor)
    case .control("w"):
      let kept = characters[..<cursor].reversed().drop { $0 == "/" || $0 == " " }.drop { $0 != "/" && $0 != " " }
      characters.removeSubrange(kept.count..<cursor)
      cursor = kept.count
    default: return false
    }
    return true
  }

  /// Draws the part around the cursor; shows the cursor if the field has the focus.
  package func draw(on canvas: inout Canvas, row: Int, column: Int, width: Int, focused: Bool) {
    guard width > 0 else { return }
    canvas.fill(Rect(row: row, column: column, height: 1, width: width), role: focused ? .fieldFocused : .field)
    var first = 0
    while first < cursor && String(characters[first..<cursor]).columns >= width { first += 1 }
    var visible = String(characters[first...])
    while visible.columns > width { visible.removeLast() }
    canvas.write(visible, row: row, column: column, limit: width, role: focused ? .fieldFocused : .field)
    if first > 0 {
      canvas.write(String(canvas.glyphs.ellipsis), row: row, column: column, role: focused ? .fieldFocused : .field)
    }
    if focused {
      canvas.cursor = (row, column + min(String(characters[first..<cursor]).columns, width - 1))
    }
  }
}
