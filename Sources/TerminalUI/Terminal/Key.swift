/// Defines `Key`, what the user can press or click.

/// A key as the terminal reports it.
package enum Key: Sendable, Hashable {
  case character(Character)
  case function(Int)
  case up, down, left, right, pageUp, pageDown, home, end
  case enter, escape, backspace, delete, tab, backTab
  /// Ctrl with a letter in lower case.
  case control(Character)

  /// How it is written on the screen: `F5`, `PgUp`, `Ctrl-L`.
  package var label: String {
    switch self {
    case .character(" "): "Space"
    case .character(let character): String(character)
    case .function(let number): "F\(number)"
    case .up: "Up"
    case .down: "Down"
    case .left: "Left"
    case .right: "Right"
    case .pageUp: "PgUp"
    case .pageDown: "PgDn"
    case .home: "Home"
    case .end: "End"
    case .enter: "Enter"
    case .escape: "Esc"
    case .backspace: "Backspace"
    case .delete: "Del"
    case .tab: "Tab"
    case .backTab: "Shift-Tab"
    case .control(let letter): "Ctrl-\(letter.uppercased())"
    }
  }

  /// A key as it is written in `label`; letters of names in any case.
  package init?(label: String) {
    if label.count == 1, let character = label.first, character.unicodeScalars.allSatisfy({ $0.columns > 0 }) {
      self = label == " " ? .character(" ") : .character(character)
      return
    }
    let lowered = label.lowercased()
    if lowered.hasPrefix("ctrl-"), lowered.count == 6, let letter = lowered.last, "a"..."z" ~= letter {
      self = .control(letter)
    } else if lowered.hasPrefix("f"), let number = Int(lowered.dropFirst()), 1...12 ~= number {
      self = .function(number)
    } else if let named = Self.named.first(where: { $0.label.lowercased() == lowered }) {
      self = named
    } else {
      return nil
    }
  }

  private static let named: [Key] = [
    .character(" "), .up, .down, .left, .right, .pageUp, .pageDown, .home, .end, .enter, .escape, .backspace, .delete,
    .tab, .backTab,
  ]
}

/// What the mouse did, and where.
package struct MouseEvent: Sendable, Hashable {
  package enum Kind: Sendable { case click, doubleClick, wheelUp, wheelDown }
  package var kind: Kind
  package var row: Int
  package var column: Int

  package init(_ kind: Kind, row: Int, column: Int) {
    self.kind = kind
    self.row = row
    self.column = column
  }
}
