/// Defines `TOML`, a strict reader of the part of TOML 1.0 that the configuration needs.
///
/// Tables, bare keys, strings of one line, integers, decimal fractions, booleans and arrays. The one TOML package at hand
/// wraps twelve thousand lines of C++ and does not tell in which line a value stands, which is what messages need.

/// A value.
package enum TOMLValue: Sendable, Hashable {
  case string(String)
  case number(Double)
  case boolean(Bool)
  case array([TOMLValue])
}

/// One `key = value`.
package struct TOMLEntry: Sendable, Hashable {
  /// The table it stands in; empty before the first `[table]`.
  package var table: String
  package var key: String
  package var value: TOMLValue
  /// Counted from 1; an array may take several lines.
  package var lines: ClosedRange<Int>
}

/// What is wrong in a line, counted from 1.
package struct TOMLFault: Error, Sendable, Hashable {
  package var line: Int
  package var what: String
}

/// A document: what could be read, and what was wrong with the rest.
package struct TOMLDocument: Sendable {
  package private(set) var entries: [TOMLEntry] = []
  package private(set) var faults: [TOMLFault] = []
  /// The line of the first `[table]`.
  package private(set) var firstTable: Int?

  /// Reads all of it; a line with a fault is left out.
  package init(_ text: String) {
    var reader = TOMLReader(text)
    var table = ""
    while !reader.isAtEnd {
      reader.skipSpace(andLines: true)
      guard !reader.isAtEnd else { break }
      let line = reader.line
      do throws(TOMLFault) {
        if reader.next == "[" {
          table = try reader.tableName()
          firstTable = firstTable ?? line
        } else {
          let (key, value) = try reader.assignment()
          try reader.endLine()
          if entries.contains(where: { $0.table == table && $0.key == key }) {
            throw TOMLFault(line: line, what: "'\(key)' is there twice")
          }
          entries.append(TOMLEntry(table: table, key: key, value: value, lines: line...reader.line))
        }
      } catch {
        faults.append(error)
        reader.skipLine()
      }
    }
  }
}

/// A cursor over the text.
private struct TOMLReader {
  private let text: [Unicode.Scalar]
  private var position = 0
  private(set) var line = 1

  init(_ text: String) { self.text = Array(text.unicodeScalars) }

  var isAtEnd: Bool { position >= text.count }
  var next: Unicode.Scalar? { isAtEnd ? nil : text[position] }

  private mutating func take() -> Unicode.Scalar? {
    guard let scalar = next else { return nil }
    position += 1
    if scalar == "\n" { line += 1 }
    return scalar
  }

  private mutating func skip(_ scalar: Unicode.Scalar) -> Bool {
    guard next == scalar else { return false }
    _ = take()
    return true
  }

  private func fault(_ what: String) -> TOMLFault { TOMLFault(line: line, what: what) }

  /// Passes spaces and comments.
  mutating func skipSpace(andLines: Bool) {
    while let scalar = next {
      switch scalar {
      case " ", "\t", "\r": position += 1
      case "\n" where andLines: _ = take()
      case "#": while let next, next != "\n" { position += 1 }
      default: return
      }
    }
  }

  mutating func skipLine() { while let scalar = take(), scalar != "\n" {} }

  /// Nothing but a comment may follow.
  mutating func endLine() throws(TOMLFault) {
    skipSpace(andLines: false)
    if let next, next != "\n" { throw fault("unexpected '\(next)'") }
  }

  mutating func tableName() throws(TOMLFault) -> String {
    position += 1
    let name = bareKey()
    guard !name.isEmpty, skip("]") else { throw fault("a table is written [name]") }
    try endLine()
    return name
  }

  private mutating func bareKey() -> String {
    var name = String.UnicodeScalarView()
    while let scalar = next, scalar.isASCII,
      scalar.properties.isAlphabetic || "0123456789_-".unicodeScalars.contains(scalar)
    {
      name.append(scalar)
      position += 1
    }
    return String(name)
  }

  mutating func assignment() throws(TOMLFault) -> (String, TOMLValue) {
    let key = bareKey()
    skipSpace(andLines: false)
    guard !key.isEmpty, skip("=") else { throw fault("a line is written: name = value") }
    return (key, try value())
  }

  private mutating func value() throws(TOMLFault) -> TOMLValue {
    skipSpace(andLines: false)
    switch next {
    case "\"": return .string(try basicString())
    case "'": return .string(try literalString())
    case "[": return .array(try array())
    default: return try word()
    }
  }

  private mutating func array() throws(TOMLFault) -> [TOMLValue] {
    position += 1
    var values: [TOMLValue] = []
    while true {
      skipSpace(andLines: true)
      if skip("]") { return values }
      // What follows must not be taken for the rest of a list that was not closed.
      guard values.count < 1000, next != nil else { throw fault("a list is not closed with ]") }
      values.append(try value())
      skipSpace(andLines: true)
      if skip(",") { continue }
      guard skip("]") else { throw fault("in a list, values are separated by commas and the end is a ]") }
      return values
    }
  }

  private mutating func literalString() throws(TOMLFault) -> String {
    position += 1
    var text = String.UnicodeScalarView()
    while let scalar = next, scalar != "\n" {
      position += 1
      if scalar == "'" { return String(text) }
      text.append(scalar)
    }
    throw fault("the text is not closed with '")
  }

  private mutating func basicString() throws(TOMLFault) -> String {
    position += 1
    var text = String.UnicodeScalarView()
    while let scalar = next, scalar != "\n" {
      position += 1
      switch scalar {
      case "\"": return String(text)
      case "\\": text.append(try escaped())
      default: text.append(scalar)
      }
    }
    throw fault("the text is not closed with \"")
  }

  private mutating func escaped() throws(TOMLFault) -> Unicode.Scalar {
    let letter = next
    if letter != nil && letter != "\n" { position += 1 }
    switch letter {
    case "\"": return "\""
    case "\\": return "\\"
    case "t": return "\t"
    case "n": return "\n"
    default: throw fault("in \"text\", a backslash is written \\\\ (or use '\\')")
    }
  }

  /// A number or a boolean.
  private mutating func word() throws(TOMLFault) -> TOMLValue {
    var word = String.UnicodeScalarView()
    while let scalar = next, !" \t\r\n,]#".unicodeScalars.contains(scalar) {
      word.append(scalar)
      position += 1
    }
    switch String(word) {
    case "true": return .boolean(true)
    case "false": return .boolean(false)
    case "": throw fault("the value is missing")
    case let text:
      guard text.utf8.allSatisfy({ "+-.0123456789".utf8.contains($0) }), let number = Double(text) else {
        throw fault("'\(text)' is no value: text stands in quotes")
      }
      return .number(number)
    }
  }
}
