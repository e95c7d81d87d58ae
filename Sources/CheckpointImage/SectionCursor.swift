/// Defines `SectionCursor`, which goes through an image section by section and checks each as it comes.

internal import SwiftProtobuf
internal import SystemCalls

/// A section whose head is intact, stands where it may stand, and is not longer than the rest of the file.
struct Section {
  let type: SectionType
  let head: SectionHead
  let place: SectionPlace
}

/// A place between two sections.
struct SectionMark {
  var offset: UInt64
  var order: SectionOrder
  var link: UInt64
  var index: UInt64
}

/// Reads sections in sequence. After `next` exactly one of the calls for the content must follow.
struct SectionCursor: ~Copyable {
  var input: ImageInput
  private var order = SectionOrder()
  /// The checksum of the last head.
  private var link: UInt64
  private var index: UInt64 = 0
  private var running = RunningChecksum()

  /// Checks the file head.
  init(_ input: consuming ImageInput) throws(Problem) {
    var input = input
    link = try Self.readFileHead(&input)
    self.input = input
  }

  private static func readFileHead(_ input: inout ImageInput) throws(Problem) -> UInt64 {
    guard input.size > 0 else { throw input.fault(.empty) }
    let available = Int(min(UInt64(FileHead.size), input.size))
    let bytes = unsafe try input.read(available, of: "the file head")
    // A foreign file that is short is called foreign, not cut off.
    let seen = min(available, FileHead.magic.count)
    guard unsafe FileHead.magic.starts(with: bytes[..<seen]) else { throw input.fault(.foreign) }
    guard available == FileHead.size, let head = unsafe FileHead(bytes) else {
      throw input.fault(.truncated(size: input.size, place: "the file head", needed: UInt64(FileHead.size)))
    }
    guard head.isIntact else { throw input.fault(.fileHeadDamaged) }
    guard head.version == FileHead.currentVersion else { throw input.fault(.newerFormat(head.version)) }
    guard head.byteOrder == FileHead.byteOrderMark else {
      throw input.fault(.otherMachine("it was made on a machine of the other byte order"))
    }
    guard head.machine == FileHead.x86_64 else {
      throw input.fault(.otherMachine("it was made on ELF machine \(head.machine), this crtop is for x86_64 (62)"))
    }
    return head.storedChecksum
  }

  /// The place before the next section.
  var mark: SectionMark {
    get { SectionMark(offset: input.offset, order: order, link: link, index: index) }
    set {
      input.move(to: newValue.offset)
      order = newValue.order
      link = newValue.link
      index = newValue.index
    }
  }

  /// Reads the next head.
  mutating func next() throws(Problem) -> Section {
    var place = SectionPlace(index: index, offset: input.offset)
    let bytes = unsafe try input.read(SectionHead.size, of: "the head of \(place)")
    guard let head = unsafe SectionHead(bytes) else { throw input.fault(.headDamaged(place)) }
    place.type = head.type
    guard head.link == link else { throw input.fault(.brokenChain(place)) }
    guard let type = SectionType(rawValue: head.type), order.accept(type) else {
      throw input.fault(.outOfOrder(place))
    }
    guard type == .pageData ? Compression(flag: head.flags) != nil : head.flags == 0 else {
      throw input.fault(.inconsistent(place, "flags 0x\(String(head.flags, radix: 16)) are not known"))
    }
    guard head.length <= type.limit else {
      throw input.fault(.tooLong(place, length: head.length, limit: type.limit))
    }
    guard head.length <= input.remaining else {
      throw input.fault(.truncated(size: input.size, place: "\(place)", needed: input.offset + head.length))
    }
    link = head.checksum
    index += 1
    return Section(type: type, head: head, place: place)
  }

  /// The content, its checksum checked; valid until the next call.
  mutating func content(of section: Section) throws(Problem) -> UnsafeRawBufferPointer {
    let bytes = unsafe try input.read(Int(section.head.length), of: "\(section.place)")
    guard unsafe checksum(of: bytes) == section.head.content else { throw input.fault(.contentDamaged(section.place)) }
    return unsafe bytes
  }

  /// Passes over the content, checking its checksum piece by piece.
  mutating func check(_ section: Section) throws(Problem) {
    running.reset()
    var left = Int(section.head.length)
    while left > 0 {
      let piece = unsafe try input.readSome(left, of: "\(section.place)")
      unsafe running.update(piece)
      left -= piece.count
    }
    guard running.value == section.head.content else { throw input.fault(.contentDamaged(section.place)) }
  }

  /// The content as a message.
  mutating func message<M: Message>(_ section: Section, as type: M.Type = M.self) throws(Problem) -> M {
    let bytes = unsafe [UInt8](try content(of: section))
    let message: M
    do {
      message = try M(serializedBytes: bytes)
    } catch {
      throw input.fault(.undecodable(section.place, "\(error)"))
    }
    guard !hasUnknownFields(message) else {
      throw input.fault(.undecodable(section.place, "it has fields that this crtop does not know"))
    }
    return message
  }

  /// Checks what follows the trailer: the tail, and then nothing.
  mutating func finish(after trailer: Section) throws(Problem) {
    let offset = input.offset
    let bytes = unsafe try input.read(FileTail.size, of: "the file tail")
    guard let tail = unsafe FileTail(bytes), tail == FileTail(trailerOffset: trailer.place.offset, link: link) else {
      throw input.fault(.tailDamaged(offset: offset))
    }
    guard input.remaining == 0 else { throw input.fault(.trailingBytes(count: input.remaining, offset: input.offset)) }
  }
}
