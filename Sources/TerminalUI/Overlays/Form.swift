/// Defines `Form`, a dialog of text, controls and buttons.

/// What can be set in a form.
package enum Control: Sendable {
  case field(TextField)
  case choice(options: [String], chosen: Int)
  /// A check box; its label stands behind it.
  case toggle(Bool)

  var isToggle: Bool { if case .toggle = self { true } else { false } }
}

/// A button; it says itself whether it can be pressed.
package struct Button {
  package var label: String
  /// Stops or kills something.
  package var isDangerous = false
  package var isEnabled: (Form) -> Bool = { _ in true }
  package var press: (Form, Application) -> Void

  /// Closes the form and does nothing else.
  static var cancel: Button { Button(label: "Cancel") { form, app in app.dismiss(form) } }
}

/// Text above, controls below it, buttons at the bottom; the focus moves over controls and buttons.
package final class Form: Overlay {
  let title: String
  /// The text, made and wrapped when drawn; long text scrolls.
  var lines: (Form, Application) -> [StyledLine]
  package private(set) var controls: [(label: String, control: Control)]
  package let buttons: [Button]
  /// Index of the control or, behind those, of the button that has the focus.
  package var focus: Int
  /// In short whether it can go on, on the frame: in sight at every size and wherever the text is scrolled to.
  var verdict: ((Form) -> StyledLine?)?
  /// Called for news from other threads.
  var onNews: ((Form, News, Application) -> Void)?
  /// Called when a control may have been changed.
  var onChange: ((Form, Application) -> Void)?
  /// Called after each snapshot.
  var onRefresh: ((Form, Application) -> Void)?
  /// Keys that mean something wherever the focus is.
  var extraKeys: [(hint: KeyHint, action: (Form, Application) -> Void)] = []
  var scroll = 0
  var textHeight = 1
  var textLines = 0
  /// Of the text: the first line that says what is in the way.
  var errorLine: Int?
  /// Somebody has pressed it before it could be.
  private var refused: Button?
  /// Where each control and button was drawn.
  var targets: [(area: Rect, focus: Int, option: Int?)] = []

  /// - Parameter focusedButton: index of the button that has the focus at first.
  package init(
    title: String, controls: [(label: String, control: Control)] = [], buttons: [Button], focusedButton: Int,
    lines: @escaping (Form, Application) -> [StyledLine]
  ) {
    self.title = title
    self.lines = lines
    self.controls = controls
    self.buttons = buttons
    focus = controls.count + focusedButton
  }

  package var hints: [KeyHint] {
    [KeyHint(.enter, focus < controls.count ? "Done" : "Choose", rank: 1)] + focusHints
      + [KeyHint(.escape, "Cancel", rank: 1), KeyHint(.tab, "Next", rank: 2)]
      + extraKeys.map(\.hint)
      + (textLines > textHeight ? [KeyHint(.pageDown, "More", rank: 2)] : [])
  }

  /// How to set the control that has the focus.
  private var focusHints: [KeyHint] {
    guard controls.indices.contains(focus) else { return [] }
    return switch controls[focus].control {
    case .choice: [KeyHint(.right, "Other choice", rank: 1)]
    case .toggle: [KeyHint(.character(" "), "Set or unset", rank: 1)]
    case .field: []
    }
  }

  /// The text of a field, by index of the control.
  package func text(_ index: Int) -> String {
    if controls.indices.contains(index), case .field(let field) = controls[index].control { return field.text }
    return ""
  }

  /// The index of the chosen option.
  package func choice(_ index: Int) -> Int {
    if controls.indices.contains(index), case .choice(_, let chosen) = controls[index].control { return chosen }
    return 0
  }

  package func isOn(_ index: Int) -> Bool {
    if controls.indices.contains(index), case .toggle(let isOn) = controls[index].control { return isOn }
    return false
  }

  /// Adds a control below the others; the focus stays where it is.
  func add(_ label: String, _ control: Control) {
    if focus >= controls.count { focus += 1 }
    controls.append((label, control))
  }

  package func receive(_ news: News, in app: Application) {
    onNews?(self, news, app)
    withdrawRefusal(app)
  }

  package func refreshed(in app: Application) { onRefresh?(self, app) }

  package func handle(_ key: Key, in app: Application) {
    if let extra = extraKeys.first(where: { $0.hint.key == key }) {
      extra.action(self, app)
      return
    }
    switch key {
    case .escape, .function(10): app.dismiss(self)
    case .tab, .down: moveFocus(1)
    case .backTab, .up: moveFocus(-1)
    case .pageDown: scroll += page
    case .pageUp: scroll = max(scroll - page, 0)
    default:
      guard focus < controls.count else { return handleButton(key, in: app) }
      handleControl(key)
      changed(app)
    }
  }

  private func changed(_ app: Application) {
    onChange?(self, app)
    withdrawRefusal(app)
  }

  /// A line stays in sight where there are enough.
  private var page: Int { textHeight > 3 ? textHeight - 1 : max(textHeight, 1) }

  private func moveFocus(_ steps: Int) {
    let count = controls.count + buttons.count
    if count > 0 { focus = (focus + steps + count) % count }
  }

  private func handleControl(_ key: Key) {
    if key == .enter {
      focus = controls.count
      return
    }
    switch controls[focus].control {
    case .field(var field):
      _ = field.handle(key)
      controls[focus].control = .field(field)
    case .choice(let options, let chosen):
      guard !options.isEmpty else { return }
      switch key {
      case .left: controls[focus].control = .choice(options: options, chosen: max(chosen - 1, 0))
      case .right: controls[focus].control = .choice(options: options, chosen: min(chosen + 1, options.count - 1))
      case .character(" "): controls[focus].control = .choice(options: options, chosen: (chosen + 1) % options.count)
      default: break
      }
    case .toggle(let isOn): if key == .character(" ") { controls[focus].control = .toggle(!isOn) }
    }
  }

  private func handleButton(_ key: Key, in app: Application) {
    let index = focus - controls.count
    switch key {
    case .left: focus = max(focus - 1, controls.count)
    case .right: focus = min(focus + 1, controls.count + buttons.count - 1)
    case .enter, .character(" "): if buttons.indices.contains(index) { press(buttons[index], in: app) }
    default: break
    }
  }

  private func press(_ button: Button, in app: Application) {
    if button.isEnabled(self) {
      button.press(self, app)
    } else {
      refused = button
      scroll = errorLine ?? scroll
      app.tell(Self.notYet, .warning)
    }
  }

  private static let notYet = "not possible yet: see the text above"

  /// What was said of a button goes when the button can be pressed.
  private func withdrawRefusal(_ app: Application) {
    guard let refused, refused.isEnabled(self) else { return }
    self.refused = nil
    app.withdraw(Self.notYet)
  }

  package func handle(_ mouse: MouseEvent, in app: Application) {
    switch mouse.kind {
    case .wheelUp: scroll = max(scroll - 1, 0)
    case .wheelDown: scroll += 1
    case .click, .doubleClick:
      guard let target = targets.first(where: { $0.area.contains(row: mouse.row, column: mouse.column) }) else {
        return
      }
      focus = target.focus
      if target.focus >= controls.count {
        handle(.enter, in: app)
      } else if case .choice(let options, _) = controls[target.focus].control, let option = target.option {
        controls[target.focus].control = .choice(options: options, chosen: option)
      } else if case .toggle(let isOn) = controls[target.focus].control {
        controls[target.focus].control = .toggle(!isOn)
      }
      if target.focus < controls.count { changed(app) }
    }
  }
}
