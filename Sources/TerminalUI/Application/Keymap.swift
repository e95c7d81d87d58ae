/// Defines `Keymap`, the key table as the user has changed it.

/// Which key does what. Every view asks this, never the table itself.
package struct Keymap: Sendable {
  package let sections: [KeySection]
  private let byKey: [KeyPlace: [Key: KeyBinding]]

  /// The table with other keys for some actions. A key that is given to one action is taken from all others in that place.
  package init(_ changes: [Action: [Key]] = [:]) {
    let sections = KeyTable.sections.map { section in
      var section = section
      let given = Set(changes.filter { KeyTable.place(of: $0.key) == section.place }.values.joined())
      for index in section.bindings.indices {
        let binding = section.bindings[index]
        section.bindings[index].keys = changes[binding.action] ?? binding.keys.filter { !given.contains($0) }
      }
      return section
    }
    var table: [KeyPlace: [Key: KeyBinding]] = [:]
    for section in sections {
      for binding in section.bindings {
        for key in binding.keys { table[section.place, default: [:]][key] = binding }
      }
    }
    self.sections = sections
    byKey = table
  }

  /// All rows of the table.
  package var bindings: [KeyBinding] { sections.flatMap(\.bindings) }

  /// What a key does; `nil` for digits, which jump to a pid, and for keys without a meaning.
  package func binding(for key: Key, in place: KeyPlace = .tree) -> KeyBinding? { byKey[place]?[key] }

  /// For the function bar: the actions that have a name there, by their first keys.
  package func hints(in place: KeyPlace) -> [KeyHint] {
    sections.filter { $0.place == place }.flatMap(\.bindings).compactMap { binding in
      guard !binding.name.isEmpty, let key = binding.keys.first else { return nil }
      return KeyHint(key, binding.name, rank: binding.rank, changes: binding.changesSomething)
    }
  }

  /// How the first key of an action is written; empty where none is left.
  package func label(of action: Action) -> String {
    bindings.first { $0.action == action }?.keys.first?.label ?? ""
  }
}
