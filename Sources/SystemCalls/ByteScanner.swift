/// Defines `ByteScanner`, which parses the kernel's text files byte by byte, without making strings.

/// A cursor over bytes. All reads are checked; a failed read returns `nil` and leaves the cursor where it was.
public struct ByteScanner: Sendable {
  private let bytes: [UInt8]
  private let end: Int
  /// The offset of the next byte.
  public private(set) var position: Int

  /// Starts at the first of `count` bytes (all of them by default).
  public init(_ bytes: [UInt8], count: Int? = nil) {
    self.bytes = bytes
    end = min(max(count ?? bytes.count, 0), bytes.count)
    position = 0
  }

  /// How many bytes there are in all.
  public var count: Int { end }

  /// All the bytes as text, ill-formed UTF-8 repaired; the cursor does not move.
  public var wholeText: String { String(decoding: bytes[..<end], as: UTF8.self) }

  /// Whether all bytes have been read.
  public var isAtEnd: Bool { position >= end }

  /// The next byte, not consumed.
  public var next: UInt8? { position < end ? bytes[position] : nil }

  /// All the bytes; the cursor does not move.
  public var wholeBytes: [UInt8] { Array(bytes[..<end]) }

  /// Moves the cursor; beyond the end it stays at the end.
  public mutating func move(to position: Int) { self.position = min(max(position, 0), end) }

  /// Consumes `byte` if it is next.
  @discardableResult
  public mutating func skip(_ byte: UInt8) -> Bool {
    guard next == byte else { return false }
    position += 1
    return true
  }

  /// Consumes any run of `byte`.
  public mutating func skipAll(_ byte: UInt8) {
    while next == byte { position += 1 }
  }

  /// Moves past the next `byte`; to the end if there is none, and then says `false`.
  @discardableResult
  public mutating func skipPast(_ byte: UInt8) -> Bool {
    while let current = next {
      position += 1
      if current == byte { return true }
    }
    return false
  }

  /// An unsigned number in `radix` (10, 8 or 16); `nil` without digits or when it does not fit.
  public mutating func unsigned(radix: UInt64 = 10) -> UInt64? {
    let start = position
    var value: UInt64 = 0
    while let byte = next, let digit = Self.digit(byte), digit < radix {
      let (product, overflow) = value.multipliedReportingOverflow(by: radix)
      let (sum, carry) = product.addingReportingOverflow(digit)
      guard !overflow && !carry else {
        position = start
        return nil
      }
      value = sum
      position += 1
    }
    return position == start ? nil : value
  }

  /// A signed decimal number.
  public mutating func signed() -> Int64? {
    let start = position
    let negative = skip(UInt8(ascii: "-"))
    guard let magnitude = unsigned(), magnitude <= UInt64(Int64.max) else {
      position = start
      return nil
    }
    return negative ? -Int64(magnitude) : Int64(magnitude)
  }

  /// The bytes up to `byte` or the end, as text; the separator is consumed.
  public mutating func text(upTo byte: UInt8) -> String {
    let start = position
    let found = skipPast(byte)
    return String(decoding: bytes[start..<(found ? position - 1 : position)], as: UTF8.self)
  }

  /// Whether the bytes at the cursor begin with `prefix`; consumed if so.
  @discardableResult
  public mutating func skip(_ prefix: StaticString) -> Bool {
    let count = prefix.utf8CodeUnitCount
    guard end - position >= count else { return false }
    for index in 0..<count where unsafe bytes[position + index] != prefix.utf8Start[index] { return false }
    position += count
    return true
  }

  private static func digit(_ byte: UInt8) -> UInt64? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt64(byte &- UInt8(ascii: "0"))
    case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt64(byte &- UInt8(ascii: "a")) + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt64(byte &- UInt8(ascii: "A")) + 10
    default: nil
    }
  }
}
