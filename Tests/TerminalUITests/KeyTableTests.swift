import Testing
import TerminalUI

@Suite struct KeyTableTests {
  @Test func noKeyMeansTwoThings() {
    for place in [KeyPlace.tree, .images] {
      let keys = KeyTable.sections.filter { $0.place == place }.flatMap(\.bindings).flatMap(\.keys)
      #expect(!keys.isEmpty && Set(keys).count == keys.count)
    }
  }

  @Test func everyActionHasAKeyAndAHelpText() {
    #expect(Set(KeyTable.bindings.map(\.action)) == Set(Action.allCases))
    #expect(KeyTable.bindings.allSatisfy { !$0.help.isEmpty })
  }

  /// Terminals take function keys away.
  @Test func everyFunctionKeyHasALetter() {
    for binding in KeyTable.bindings {
      guard binding.keys.contains(where: { if case .function = $0 { true } else { false } }) else { continue }
      #expect(binding.keys.contains { if case .character = $0 { true } else { false } }, "\(binding.action)")
    }
  }

  @Test func digitsAreFreeForPids() {
    for digit in "0123456789" { #expect(Keymap().binding(for: .character(digit)) == nil) }
  }

  @Test(arguments: [(40, 10), (80, 24), (200, 50)])
  func helpShowsTheWholeTable(width: Int, height: Int) {
    let screen = Screen(width: width, height: height)
    screen.press(.character("?"))
    var seen = screen.text
    for _ in 0..<40 {
      screen.press(.pageDown)
      seen += "\n" + screen.text
    }
    for binding in KeyTable.bindings {
      #expect(seen.contains(binding.keys[0].label + " "), "\(binding.action)")
      // Long texts are wrapped: their first words tell.
      let words = binding.help.split(separator: " ").prefix(2).joined(separator: " ")
      #expect(seen.contains(words), "\(binding.action)")
    }
    screen.press(.escape)
    #expect(screen.app.overlays.isEmpty)
  }
}
