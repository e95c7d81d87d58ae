/// Defines the one table of keys. Key handling, function bar, help, the man page and the configuration are made from it.

/// What a key does in the tree.
package enum Action: String, Sendable, CaseIterable {
  case checkpoint, images, freezeOrThaw, details, operations, errors
  case up, down, pageUp, pageDown, top, bottom, parent
  case search, searchNext, searchPrevious, filter, user, follow, tree, fold, unfold, toggleFold, foldAll
  case sort, invert, columns, header, threads, kernelThreads, pause, refresh, tag, tagSubtree, untag, signal, help
  case panelUp, panelDown, nicer, lessNice, quit, cancel
  case restartImage, inspectImage, openImage, tagImage, untagImages, compareImages, verifyImages, deleteImages
  case reloadImages
}

/// Where keys have a meaning. The same key may have one in each place.
package enum KeyPlace: Sendable {
  case tree, images
}

/// One row of the table.
package struct KeyBinding: Sendable {
  /// The first is the one that the function bar shows.
  package var keys: [Key]
  package var action: Action
  /// For the function bar; empty: not there.
  package var name: String
  package var help: String
  /// Which go first when the function bar is short of room: 1 before 2.
  package var rank: Int
  /// Refused in read-only mode.
  package var changesSomething: Bool

  init(
    _ keys: [Key], _ action: Action, name: String = "", rank: Int = 9, changes: Bool = false, _ help: String
  ) {
    self.keys = keys
    self.action = action
    self.name = name
    self.help = help
    self.rank = rank
    changesSomething = changes
  }
}

/// A part of the table under a title.
package struct KeySection: Sendable {
  package var title: String
  package var place = KeyPlace.tree
  package var bindings: [KeyBinding]
}

package enum KeyTable {
  package static let sections: [KeySection] = [
    KeySection(
      title: "Jobs: the selected process and all its descendants",
      bindings: [
        KeyBinding(
          [.character("D")], .checkpoint, name: "Checkpoint", rank: 1, changes: true,
          "checkpoint: check the subtree, or each tagged one, then save it to a file"),
        KeyBinding(
          [.character("R")], .images, name: "Restart", rank: 1,
          "images: look into them, compare, restart, verify, delete"),
        KeyBinding(
          [.character("z")], .freezeOrThaw, name: "Freeze", rank: 2, changes: true, "freeze, or thaw what is frozen"),
        KeyBinding(
          [.character("i")], .details, name: "Check", rank: 2,
          "details, and whether the subtree can be checkpointed"),
        KeyBinding(
          [.character("o")], .operations, "operations: what runs, waits and was done; cancel one, look at its tasks"),
        KeyBinding([.character("E")], .errors, "errors: all of them since the start; s saves them to a file"),
        KeyBinding([.character("{")], .panelUp, "the running operation: scroll its tasks up"),
        KeyBinding([.character("}")], .panelDown, "the running operation: scroll its tasks down"),
      ]),
    KeySection(
      title: "Moving",
      bindings: [
        KeyBinding([.up, .control("p")], .up, "one process up"),
        KeyBinding([.down, .control("n")], .down, "one process down"),
        KeyBinding([.pageUp, .control("b")], .pageUp, "one page up"),
        KeyBinding([.pageDown, .control("f")], .pageDown, "one page down"),
        KeyBinding([.home, .character("g")], .top, "first process"),
        KeyBinding([.end, .character("G")], .bottom, "last process"),
        KeyBinding([.backspace], .parent, "to the parent"),
      ]),
    KeySection(
      title: "Finding",
      bindings: [
        KeyBinding(
          [.function(3), .character("/")], .search, name: "Search", rank: 3, "search: type, the selection goes there"),
        KeyBinding([.character("n")], .searchNext, "next match"),
        KeyBinding([.character("N")], .searchPrevious, "match before"),
        KeyBinding(
          [.function(4), .character("\\")], .filter, name: "Filter", rank: 3,
          "filter: show what matches, with its ancestors"),
        KeyBinding([.character("u")], .user, "show the processes of one user"),
        KeyBinding([.character("F")], .follow, "follow: the row stays where it is, the list moves around it"),
      ]),
    KeySection(
      title: "Showing",
      bindings: [
        KeyBinding([.function(5), .character("t")], .tree, name: "Tree", rank: 4, "tree or flat list"),
        KeyBinding([.character("-"), .left], .fold, "fold: hide the descendants"),
        KeyBinding([.character("+"), .character("="), .right], .unfold, "unfold"),
        KeyBinding([.enter], .toggleFold, "fold or unfold"),
        KeyBinding([.character("*")], .foldAll, "fold or unfold all"),
        KeyBinding([.function(6), .character(">")], .sort, name: "Sort", rank: 4, "sort by another column"),
        KeyBinding([.character("I")], .invert, "sort the other way round"),
        KeyBinding([.function(2), .character("S")], .columns, "setup: columns and their order, theme; save them"),
        KeyBinding([.character("#")], .header, "show or hide the header"),
        KeyBinding([.character("H")], .threads, "show or hide the threads of processes"),
        KeyBinding([.character("K")], .kernelThreads, "show or hide the kernel's threads"),
        KeyBinding([.character("Z")], .pause, "pause the display, or let it go on"),
        KeyBinding([.control("l")], .refresh, "refresh and draw anew"),
      ]),
    KeySection(
      title: "Tagging and signals",
      bindings: [
        KeyBinding([.character(" ")], .tag, "tag or untag, and one down"),
        KeyBinding([.character("c")], .tagSubtree, "tag the subtree, folded and filtered processes included"),
        KeyBinding([.character("U")], .untag, "untag all"),
        KeyBinding(
          [.function(9), .character("k")], .signal, name: "Signal", rank: 3, changes: true,
          "send a signal to the tagged processes, else to the selected one"),
        KeyBinding(
          [.function(7), .character("]")], .nicer, changes: true, "more of the processor: nice value one down"),
        KeyBinding(
          [.function(8), .character("[")], .lessNice, changes: true, "less of the processor: nice value one up"),
      ]),
    KeySection(
      title: "Program",
      bindings: [
        KeyBinding([.function(1), .character("h"), .character("?")], .help, name: "Help", rank: 1, "this help"),
        KeyBinding([.function(10), .character("q")], .quit, name: "Quit", rank: 1, "quit"),
        KeyBinding([.escape], .cancel, "cancel: the operation, the filter, the message"),
      ]),
    KeySection(
      title: "In the list of images", place: .images,
      bindings: [
        KeyBinding(
          [.enter], .restartImage, name: "Restart", rank: 1, changes: true,
          "restart from the image: shows the plan first"),
        KeyBinding([.character("i")], .inspectImage, name: "Look", rank: 2, "look into the image"),
        KeyBinding(
          [.character("o")], .openImage, name: "Open", rank: 3,
          "open a file that is not in the image store: it stays in the list until crtop ends"),
        KeyBinding([.character(" ")], .tagImage, name: "Tag", rank: 4, "tag or untag the image, and one down"),
        KeyBinding([.character("U")], .untagImages, "untag all images"),
        KeyBinding([.character("=")], .compareImages, name: "Compare", rank: 3, "compare the two tagged images"),
        KeyBinding(
          [.character("v")], .verifyImages, name: "Verify", rank: 3,
          "verify every byte of the tagged images, or of this"
        ),
        KeyBinding(
          [.delete, .character("x"), .character("d")], .deleteImages, name: "Delete", rank: 2, changes: true,
          "delete the tagged images, or this, after a question"),
        KeyBinding([.function(5), .character("r")], .reloadImages, name: "Reload", rank: 5, "look for images again"),
      ]),
  ]

  /// What is no row of the table.
  package static let notes = [
    "Digits jump to a PID.",
    "Search and filter take words, all of which must fit: user:NAME, state:WORD, pid:N or pid:N-M, re:REGEX to the end of "
      + "the line, or any text.",
    "The mouse selects a row, sorts by a title, works the function bar and scrolls.",
    "A subtree is all descendants, also those that are folded or filtered away.",
  ]

  package static let bindings: [KeyBinding] = sections.flatMap(\.bindings)

  /// Where the keys of an action have it.
  static func place(of action: Action) -> KeyPlace {
    sections.first { $0.bindings.contains { $0.action == action } }?.place ?? .tree
  }
}
