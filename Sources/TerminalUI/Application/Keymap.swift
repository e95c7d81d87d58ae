/// Defines `Keymap`, the key table as the user has changed it.

/// Which key does what. Every view asks this, never the table itself.
package struct Keymap: Sendable {
  package let sections: [KeySection]
  private let byKey: [Key: KeyBinding]

  /// The table with other keys for some actions. A key that is given to one action is taken from all others.
  package init(_ changes: [Action: [Key]] = [:]) {
    let given = Set(changes.values.joined())
    let sections = KeyTable.sections.map { section in
      var section = section
      for index in section.bindings.indices {
        let binding = section.bindings[index]
        section.bindings[index].keys = changes[binding.action] ?? binding.keys.filter { !given.contains($0) }
      }
      return section
    }
    var table: [Key: KeyBinding] = [:]
    for binding in sections.flatMap(\.bindings) {
      for key in binding.keys { table[key] = binding }
    }
    self.sections = sections
    byKey = table
  }

  /// All rows of the table.
  package var bindings: [KeyBinding] { sections.flatMap(\.bindings) }

  /// What a key does; `nil` for digits, which jump to a pid, and for keys without a meaning.
  package func binding(for key: Key) -> KeyBinding? { byKey[key] }

  /// How the first key of an action is written; empty where none is left.
  package func label(of action: Action) -> String {
    bindings.first { $0.action == action }?.keys.first?.label ?? ""
  }
}
