/// Defines `MappedArea`, one line of /proc/PID/smaps with its VmFlags (proc(5)).

internal import CLinux
internal import SystemCalls

/// A virtual memory area as the kernel shows it.
struct MappedArea {
  var start: UInt64
  var end: UInt64
  var protection: Int32
  var isShared: Bool
  var offset: UInt64
  var device: UInt64
  var inode: UInt64
  var name: String
  /// The two-letter VmFlags, each as one 16-bit number.
  var flags: [UInt16] = []
  /// Protection key (pkeys(7)).
  var protectionKey: UInt64 = 0

  var range: Range<UInt64> { start..<end }
  var pages: Int { Int((end - start) / pageSize) }
  func has(_ flag: StaticString) -> Bool { flags.contains(Self.flag(flag)) }

  static func flag(_ name: StaticString) -> UInt16 {
    unsafe UInt16(name.utf8Start[0]) << 8 | UInt16(name.utf8Start[1])
  }

  /// Parses a whole smaps file.
  static func parse(_ scanner: consuming ByteScanner) -> [MappedArea] {
    var areas: [MappedArea] = []
    areas.reserveCapacity(32)
    while let first = scanner.next {
      if first < UInt8(ascii: "A") || first > UInt8(ascii: "Z") {
        if let area = header(&scanner) { areas.append(area) }
      } else if first == UInt8(ascii: "V"), scanner.skip("VmFlags:"), !areas.isEmpty {
        areas[areas.count - 1].flags = flagNames(&scanner)
      }
      if first == UInt8(ascii: "P"), scanner.skip("ProtectionKey:"), !areas.isEmpty {
        areas[areas.count - 1].protectionKey = scanner.numbers().first ?? 0
      }
      scanner.skipPast(UInt8(ascii: "\n"))
    }
    return areas
  }

  private static func header(_ scanner: inout ByteScanner) -> MappedArea? {
    let blank = UInt8(ascii: " ")
    guard let start = scanner.unsigned(radix: 16), scanner.skip(UInt8(ascii: "-")),
      let end = scanner.unsigned(radix: 16), scanner.skip(blank), start < end
    else { return nil }
    var protection: Int32 = 0
    if scanner.skip(UInt8(ascii: "r")) { protection |= PROT_READ } else { scanner.skip(UInt8(ascii: "-")) }
    if scanner.skip(UInt8(ascii: "w")) { protection |= PROT_WRITE } else { scanner.skip(UInt8(ascii: "-")) }
    if scanner.skip(UInt8(ascii: "x")) { protection |= PROT_EXEC } else { scanner.skip(UInt8(ascii: "-")) }
    let isShared = scanner.skip(UInt8(ascii: "s"))
    if !isShared { scanner.skip(UInt8(ascii: "p")) }
    scanner.skip(blank)
    guard let offset = scanner.unsigned(radix: 16), scanner.skip(blank), let major = scanner.unsigned(radix: 16),
      scanner.skip(UInt8(ascii: ":")), let minor = scanner.unsigned(radix: 16), scanner.skip(blank),
      let inode = scanner.unsigned()
    else { return nil }
    scanner.skipAll(blank)
    var name = scanner.text(upTo: UInt8(ascii: "\n"))
    scanner.move(to: scanner.position - 1)  // the caller goes on to the next line
    if name.utf8.contains(UInt8(ascii: "\\")) { name = name.replacing("\\012", with: "\n") }
    return MappedArea(
      start: start, end: end, protection: protection, isShared: isShared, offset: offset, device: major << 32 | minor,
      inode: inode, name: name)
  }

  private static func flagNames(_ scanner: inout ByteScanner) -> [UInt16] {
    var names: [UInt16] = []
    while true {
      scanner.skipAll(UInt8(ascii: " "))
      guard let first = scanner.next, first != UInt8(ascii: "\n") else { return names }
      scanner.skip(first)
      guard let second = scanner.next, second != UInt8(ascii: "\n") else { return names }
      scanner.skip(second)
      names.append(UInt16(first) << 8 | UInt16(second))
    }
  }
}

/// The size of a page of this machine in bytes.
let pageSize: UInt64 = UInt64(sysconf(Int32(_SC_PAGESIZE)))
