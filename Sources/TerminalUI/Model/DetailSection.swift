/// Defines `DetailSection`, what /proc says of one side of a task, and what a checkpoint does with it.

/// One thing that a task has.
package struct DetailItem: Sendable, Hashable {
  /// What a refusal of the engine calls it at the beginning: `descriptor 5 (`; empty: it is never refused by name.
  package var name: String
  package var text: String

  package init(_ text: String, name: String = "") {
    self.text = text
    self.name = name
  }
}

/// A part of the details of `i`.
package struct DetailSection: Sendable, Hashable {
  /// For the tab.
  package var title: String
  /// What a checkpoint saves of these things, and what stays outside.
  package var fate: String
  package var items: [DetailItem]
  /// Why they could not be read.
  package var failure: String?

  package init(title: String, fate: String, items: [DetailItem] = [], failure: String? = nil) {
    self.title = title
    self.fate = fate
    self.items = items
    self.failure = failure
  }
}
