/// Defines `Overlay`, a dialog or screen that lies over the tree and takes the keys.

/// A key and what it does, for the function bar.
package struct KeyHint: Sendable {
  package var key: Key
  package var name: String
  /// Which go first when the bar is short of room.
  package var rank: Int
  /// Does nothing in read-only mode, and is not shown there.
  package var changesSomething: Bool

  package init(_ key: Key, _ name: String, rank: Int = 5, changes: Bool = false) {
    self.key = key
    self.name = name
    self.rank = rank
    changesSomething = changes
  }
}

/// A line of text with its role.
package struct StyledLine: Sendable {
  package var text: String
  package var role: Role

  package init(_ text: String, _ role: Role = .normal) {
    self.text = text
    self.role = role
  }
}

package protocol Overlay: AnyObject {
  /// Takes only the hint line and leaves the rest of the screen as it is.
  var isLine: Bool { get }
  /// What the function bar shows meanwhile.
  var hints: [KeyHint] { get }
  func handle(_ key: Key, in app: Application)
  func handle(_ mouse: MouseEvent, in app: Application)
  func receive(_ news: News, in app: Application)
  /// A new snapshot has come.
  func refreshed(in app: Application)
  /// Draws itself over what is there; `area` is the screen without the function bar.
  func draw(on canvas: inout Canvas, in area: Rect, app: Application)
}

extension Overlay {
  package var isLine: Bool { false }

  package func handle(_ mouse: MouseEvent, in app: Application) {
    switch mouse.kind {
    case .wheelUp: handle(.up, in: app)
    case .wheelDown: handle(.down, in: app)
    case .click, .doubleClick: break
    }
  }

  package func receive(_ news: News, in app: Application) {}
  package func refreshed(in app: Application) {}
}
