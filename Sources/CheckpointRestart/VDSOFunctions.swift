/// Defines `VDSOFunctions`: what a vDSO (vdso(7)) offers to programs, by its ELF dynamic symbols (elf(5)).

/// The functions of a vDSO; bytes of an image may say anything, so every offset is checked.
struct VDSOFunctions {
  /// A function's code inside the vDSO.
  struct Function: Hashable {
    var offset: Int
    var size: Int
  }

  /// By name; names that mean the same code are all there.
  private(set) var byName: [String: Function] = [:]

  private let bytes: [UInt8]

  /// Sizes of Elf64_Ehdr, Elf64_Phdr, Elf64_Dyn, Elf64_Sym.
  private static let (headSize, segmentSize, entrySize, symbolSize) = (64, 56, 16, 24)

  /// Reads the dynamic symbols; `nil` when the bytes are no 64-bit ELF object with such symbols.
  init?(_ bytes: [UInt8]) {
    self.bytes = bytes
    guard bytes.count >= Self.headSize, bytes.starts(with: [0x7f, 0x45, 0x4c, 0x46, 2, 1]),
      let segments = number(at: 32, bytes: 8), let count = number(at: 56, bytes: 2), count <= 64,
      let dynamic = (0..<count).lazy.map({ segments + $0 * Self.segmentSize })
        .first(where: { number(at: $0, bytes: 4) == 2 /* PT_DYNAMIC */ }),
      let start = number(at: dynamic + 8, bytes: 8), let length = number(at: dynamic + 32, bytes: 8),
      length <= bytes.count
    else { return nil }
    var values: [Int: Int] = [:]
    for entry in stride(from: start, to: start + length, by: Self.entrySize) {
      guard let tag = number(at: entry, bytes: 8), let value = number(at: entry + 8, bytes: 8) else { return nil }
      if values[tag] == nil { values[tag] = value }
    }
    // DT_SYMTAB, DT_STRTAB; the number of symbols is nowhere but in hash tables: the strings follow the symbols.
    guard let symbols = values[6], let strings = values[5], symbols < strings, strings < bytes.count else { return nil }
    for symbol in stride(from: symbols, through: strings - Self.symbolSize, by: Self.symbolSize) {
      guard let name = number(at: symbol, bytes: 4), let kind = number(at: symbol + 4, bytes: 1),
        let section = number(at: symbol + 6, bytes: 2), let offset = number(at: symbol + 8, bytes: 8),
        let size = number(at: symbol + 16, bytes: 8)
      else { return nil }
      guard kind & 0xf == 2 /* STT_FUNC */, section != 0, strings + name < bytes.count, size <= bytes.count,
        offset <= bytes.count - size
      else { continue }
      let text = bytes[(strings + name)...].prefix { $0 != 0 }
      byName[String(decoding: text, as: UTF8.self)] = Function(offset: offset, size: size)
    }
    if byName.isEmpty { return nil }
  }

  /// A little-endian number of 1 to 8 bytes; `nil` when it is not inside, or is too large to be an offset.
  private func number(at offset: Int, bytes count: Int) -> Int? {
    guard offset >= 0, offset <= bytes.count - count else { return nil }
    var value: UInt64 = 0
    for index in (0..<count).reversed() { value = value << 8 | UInt64(bytes[offset + index]) }
    return value < 1 << 62 ? Int(value) : nil
  }
}
