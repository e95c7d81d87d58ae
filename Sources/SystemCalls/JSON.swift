/// Defines `JSON`, values to be printed as one line of JSON (RFC 8259).

/// A JSON value. Objects keep the order of their members.
public indirect enum JSON: Sendable, Hashable {
  case null
  case bool(Bool)
  case integer(Int64)
  case unsigned(UInt64)
  case string(String)
  case array([JSON])
  case object([Member])

  /// A name and its value.
  public struct Member: Sendable, Hashable {
    public var name: String
    public var value: JSON

    /// Makes a member from its parts.
    public init(_ name: String, _ value: JSON) {
      self.name = name
      self.value = value
    }
  }

  /// Any integer, exactly.
  public init(_ value: some BinaryInteger) {
    if let signed = Int64(exactly: value) { self = .integer(signed) } else { self = .unsigned(UInt64(clamping: value)) }
  }

  /// A string.
  public init(_ value: String) { self = .string(value) }

  /// An array of strings.
  public init(_ values: [String]) { self = .array(values.map { .string($0) }) }

  /// Adds a member to an object; has no effect on other values.
  public mutating func append(_ name: String, _ value: JSON) {
    guard case .object(var members) = self else { return }
    members.append(Member(name, value))
    self = .object(members)
  }
}

extension JSON: ExpressibleByDictionaryLiteral, ExpressibleByArrayLiteral, ExpressibleByStringLiteral,
  ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral
{
  public init(dictionaryLiteral members: (String, JSON)...) { self = .object(members.map { Member($0.0, $0.1) }) }
  public init(arrayLiteral values: JSON...) { self = .array(values) }
  public init(stringLiteral value: String) { self = .string(value) }
  public init(integerLiteral value: Int64) { self = .integer(value) }
  public init(booleanLiteral value: Bool) { self = .bool(value) }
}

extension JSON: CustomStringConvertible {
  /// The value in one line, without spaces and without a line end.
  public var description: String {
    var line: [UInt8] = []
    write(to: &line)
    return String(decoding: line, as: UTF8.self)
  }

  /// Appends the value in UTF-8.
  public func write(to line: inout [UInt8]) {
    switch self {
    case .null: line += "null".utf8
    case .bool(let value): line += (value ? "true" : "false").utf8
    case .integer(let value): line += "\(value)".utf8
    case .unsigned(let value): line += "\(value)".utf8
    case .string(let value): Self.write(value, to: &line)
    case .array(let values):
      line.append(UInt8(ascii: "["))
      for (index, value) in values.enumerated() {
        if index > 0 { line.append(UInt8(ascii: ",")) }
        value.write(to: &line)
      }
      line.append(UInt8(ascii: "]"))
    case .object(let members):
      line.append(UInt8(ascii: "{"))
      for (index, member) in members.enumerated() {
        if index > 0 { line.append(UInt8(ascii: ",")) }
        Self.write(member.name, to: &line)
        line.append(UInt8(ascii: ":"))
        member.value.write(to: &line)
      }
      line.append(UInt8(ascii: "}"))
    }
  }

  private static func write(_ text: String, to line: inout [UInt8]) {
    let hexadecimal = Array("0123456789abcdef".utf8)
    line.append(UInt8(ascii: "\""))
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""): line += "\\\"".utf8
      case UInt8(ascii: "\\"): line += "\\\\".utf8
      case UInt8(ascii: "\n"): line += "\\n".utf8
      case UInt8(ascii: "\r"): line += "\\r".utf8
      case UInt8(ascii: "\t"): line += "\\t".utf8
      case 0..<0x20, 0x7f:
        // DEL need not be escaped, but a terminal is spared it.
        line += "\\u00".utf8
        line.append(hexadecimal[Int(byte >> 4)])
        line.append(hexadecimal[Int(byte & 15)])
      default: line.append(byte)
      }
    }
    line.append(UInt8(ascii: "\""))
  }
}
