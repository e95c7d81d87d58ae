/// Defines how text is compared with what the user types.

/// Whether `text` contains `pattern`, ASCII letters in any case. An empty pattern is in every text.
package func contains(_ text: String, _ pattern: String) -> Bool {
  let needle = pattern.utf8.map(lowercase)
  guard let first = needle.first else { return true }
  let bytes = text.utf8.map(lowercase)
  guard bytes.count >= needle.count else { return false }
  for start in 0...bytes.count - needle.count where bytes[start] == first {
    if bytes[start..<start + needle.count].elementsEqual(needle) { return true }
  }
  return false
}

private func lowercase(_ byte: UInt8) -> UInt8 { UInt8(ascii: "A")...UInt8(ascii: "Z") ~= byte ? byte | 0x20 : byte }

/// A command line without the directory of its program. What does not begin with a path is left alone: daemons rename
/// themselves to all kinds of text.
package func withoutDirectory(_ command: String) -> String {
  guard command.hasPrefix("/") else { return command }
  let word = command.prefix { $0 != " " }
  guard let slash = word.lastIndex(of: "/") else { return command }
  let name = command[command.index(after: slash)...]
  return name.isEmpty || name.hasPrefix(" ") ? command : String(name)
}
