/// Defines `TypedName`, what has been typed in a menu to find an entry.

/// Characters in quick succession make a name; the same letter again goes to the next entry that begins with it.
struct TypedName {
  private(set) var text = ""
  private(set) var isFound = true
  private var time = 0.0

  /// The index of the entry whose name this is or that has one that begins so, searched from `current` on; `nil`: none.
  ///
  /// - Parameter names: of each entry, in lower case.
  mutating func add(_ character: Character, now: Double, _ names: [[String]], from current: Int) -> Int? {
    if now - time > 1.5 { text = "" }
    time = now
    let letter = character.lowercased()
    let longer = text + letter
    var found =
      names.firstIndex { $0.contains(longer) } ?? Self.find(longer, names, from: text.isEmpty ? current + 1 : current)
    if found == nil && !text.isEmpty && text.allSatisfy({ String($0) == letter }) && !character.isWholeNumber {
      found = Self.find(letter, names, from: current + 1)
    } else {
      text = longer
    }
    isFound = found != nil
    return found
  }

  mutating func forget() { (text, isFound) = ("", true) }

  private static func find(_ name: String, _ names: [[String]], from start: Int) -> Int? {
    let order = Array(names.indices.dropFirst(start)) + Array(names.indices.prefix(start))
    return order.first { names[$0].contains { $0.hasPrefix(name) } }
  }
}
