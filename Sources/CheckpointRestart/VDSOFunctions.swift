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

  /// Where an ELF object of a class has what is needed here.
  private struct Layout {
    /// Bytes of an address.
    var word: Int
    /// Of Ehdr, Phdr and Sym; a Dyn is two words.
    var headSize, segmentSize, symbolSize: Int
    /// Of e_phoff and e_phnum, of p_offset and p_filesz.
    var segments, segmentCount, segmentOffset, segmentLength: Int
    /// Of st_info, st_shndx, st_value and st_size.
    var kind, section, value, size: Int
  }
  private static let layout64 = Layout(
    word: 8, headSize: 64, segmentSize: 56, symbolSize: 24, segments: 32, segmentCount: 56, segmentOffset: 8,
    segmentLength: 32, kind: 4, section: 6, value: 8, size: 16)
  private static let layout32 = Layout(
    word: 4, headSize: 52, segmentSize: 32, symbolSize: 16, segments: 28, segmentCount: 44, segmentOffset: 4,
    segmentLength: 16, kind: 12, section: 14, value: 4, size: 8)

  /// Reads the dynamic symbols; `nil` when the bytes are no ELF object of that class with such symbols.
  init?(_ bytes: [UInt8], is32Bit: Bool = false) {
    self.bytes = bytes
    let layout = is32Bit ? Self.layout32 : Self.layout64
    let word = layout.word
    guard bytes.count >= layout.headSize, bytes.starts(with: [0x7f, 0x45, 0x4c, 0x46, is32Bit ? 1 : 2, 1]),
      let segments = number(at: layout.segments, bytes: word),
      let count = number(at: layout.segmentCount, bytes: 2), count <= 64,
      let dynamic = (0..<count).lazy.map({ segments + $0 * layout.segmentSize })
        .first(where: { number(at: $0, bytes: 4) == 2 /* PT_DYNAMIC */ }),
      let start = number(at: dynamic + layout.segmentOffset, bytes: word),
      let length = number(at: dynamic + layout.segmentLength, bytes: word), length <= bytes.count
    else { return nil }
    var values: [Int: Int] = [:]
    for entry in stride(from: start, to: start + length, by: 2 * word) {
      guard let tag = number(at: entry, bytes: word), let value = number(at: entry + word, bytes: word) else {
        return nil
      }
      if values[tag] == nil { values[tag] = value }
    }
    // DT_SYMTAB, DT_STRTAB; the number of symbols is nowhere but in hash tables: the strings follow the symbols.
    guard let symbols = values[6], let strings = values[5], symbols < strings, strings < bytes.count else { return nil }
    for symbol in stride(from: symbols, through: strings - layout.symbolSize, by: layout.symbolSize) {
      guard let name = number(at: symbol, bytes: 4), let kind = number(at: symbol + layout.kind, bytes: 1),
        let section = number(at: symbol + layout.section, bytes: 2),
        let offset = number(at: symbol + layout.value, bytes: word),
        let size = number(at: symbol + layout.size, bytes: word)
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
