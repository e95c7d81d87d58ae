/// Defines `JSON`, a strict reader of one JSON text (RFC 8259), independent of what wrote it.

/// A JSON value; numbers are whole, as crtop prints no others.
package enum JSON: Hashable {
  case null
  case bool(Bool)
  case number(Int64)
  case string(String)
  case array([JSON])
  case object([String: JSON])

  /// - Throws: `TestFailure` when the text is not exactly one value.
  package init(_ text: some StringProtocol) throws {
    var reader = Reader(bytes: Array(text.utf8))
    self = try reader.value()
    reader.skipSpace()
    guard reader.position == reader.bytes.count else { throw TestFailure("more after the JSON value in: \(text)") }
  }

  package subscript(key: String) -> JSON? {
    guard case .object(let members) = self else { return nil }
    return members[key]
  }
  package var string: String? { if case .string(let value) = self { value } else { nil } }
  package var number: Int64? { if case .number(let value) = self { value } else { nil } }
  package var array: [JSON]? { if case .array(let value) = self { value } else { nil } }

  private struct Reader {
    let bytes: [UInt8]
    var position = 0

    func failure(_ what: String) -> TestFailure {
      TestFailure("JSON: \(what) at byte \(position) of: \(String(decoding: bytes.prefix(200), as: UTF8.self))")
    }
    var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    mutating func skipSpace() {
      while let byte = next, byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 { position += 1 }
    }
    mutating func skip(_ byte: UInt8) -> Bool {
      skipSpace()
      guard next == byte else { return false }
      position += 1
      return true
    }
    mutating func word(_ text: String, _ value: JSON) throws -> JSON {
      for byte in text.utf8 {
        guard next == byte else { throw failure("not \(text)") }
        position += 1
      }
      return value
    }

    mutating func value() throws -> JSON {
      skipSpace()
      switch next {
      case UInt8(ascii: "{"): return try object()
      case UInt8(ascii: "["): return try array()
      case UInt8(ascii: "\""): return .string(try string())
      case UInt8(ascii: "t"): return try word("true", .bool(true))
      case UInt8(ascii: "f"): return try word("false", .bool(false))
      case UInt8(ascii: "n"): return try word("null", .null)
      default: return try number()
      }
    }
    mutating func object() throws -> JSON {
      var members: [String: JSON] = [:]
      position += 1
      if skip(UInt8(ascii: "}")) { return .object([:]) }
      repeat {
        skipSpace()
        let key = try string()
        guard skip(UInt8(ascii: ":")) else { throw failure("no colon") }
        guard members.updateValue(try value(), forKey: key) == nil else { throw failure("key \(key) twice") }
      } while skip(UInt8(ascii: ","))
      guard skip(UInt8(ascii: "}")) else { throw failure("object not closed") }
      return .object(members)
    }
    mutating func array() throws -> JSON {
      var elements: [JSON] = []
      position += 1
      if skip(UInt8(ascii: "]")) { return .array([]) }
      repeat { elements.append(try value()) } while skip(UInt8(ascii: ","))
      guard skip(UInt8(ascii: "]")) else { throw failure("array not closed") }
      return .array(elements)
    }
    mutating func number() throws -> JSON {
      let start = position
      if next == UInt8(ascii: "-") { position += 1 }
      while let byte = next, byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") { position += 1 }
      guard let value = Int64(String(decoding: bytes[start..<position], as: UTF8.self)) else {
        throw failure("not a whole number")
      }
      return .number(value)
    }
    mutating func string() throws -> String {
      guard next == UInt8(ascii: "\"") else { throw failure("no string") }
      position += 1
      var text: [UInt8] = []
      while let byte = next {
        position += 1
        switch byte {
        case UInt8(ascii: "\""):
          guard let result = String(validating: text, as: UTF8.self) else { throw failure("not UTF-8") }
          return result
        case UInt8(ascii: "\\"): text.append(contentsOf: try escape())
        case 0..<0x20: throw failure("a bare control character")
        default: text.append(byte)
        }
      }
      throw failure("string not closed")
    }
    mutating func escape() throws -> [UInt8] {
      guard let kind = next else { throw failure("nothing after a backslash") }
      position += 1
      switch kind {
      case UInt8(ascii: "n"): return [0x0a]
      case UInt8(ascii: "t"): return [0x09]
      case UInt8(ascii: "r"): return [0x0d]
      case UInt8(ascii: "b"): return [0x08]
      case UInt8(ascii: "f"): return [0x0c]
      case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [kind]
      case UInt8(ascii: "u"):
        let digits = bytes.dropFirst(position).prefix(4)
        guard digits.count == 4, let code = UInt32(String(decoding: digits, as: UTF8.self), radix: 16),
          let scalar = Unicode.Scalar(code)
        else { throw failure("a wrong \\u") }
        position += 4
        return Array(String(Character(scalar)).utf8)
      default: throw failure("an unknown escape")
      }
    }
  }
}
