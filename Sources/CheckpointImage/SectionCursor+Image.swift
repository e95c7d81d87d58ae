/// The parts of an image, read with a `SectionCursor`: process tree, chunks, trailer.

internal import ImageSchema
internal import SystemCalls

extension SectionCursor {
  /// All processes and the shared objects; the cursor stands right after the header.
  mutating func readTree(header: ImageHeader) throws(Problem) -> ([ImageProcess], ImageSharedObjects) {
    var processes: [ImageProcess] = []
    var pids: Set<Int32> = []
    while true {
      let section = try next()
      guard section.type == .process else {
        // The order of sections leaves only the shared objects.
        guard processes.count == Int(header.tasks) else {
          throw input.fault(
            .inconsistent(section.place, "\(processes.count) processes stand before it, not \(header.tasks)"))
        }
        return (processes, try message(section))
      }
      let process: ImageProcess = try message(section)
      if let fault = process.fault(pids: pids) { throw input.fault(.inconsistent(section.place, fault)) }
      pids.insert(process.pid)
      processes.append(process)
    }
  }

  /// The description of a chunk and the section of its pages, which is not read yet.
  mutating func readChunk(_ section: Section, pids: Set<Int32>) throws(Problem) -> (ImagePageChunk, Section) {
    let chunk: ImagePageChunk = try message(section)
    if let fault = chunk.fault(pids: pids) { throw input.fault(.inconsistent(section.place, fault)) }
    // The order of sections lets nothing but page data follow.
    let data = try next()
    let stored = data.head.length
    let fits =
      data.head.flags == Compression.none.flag
      ? stored == chunk.byteCount && data.head.content == chunk.checksum : stored > 0 && stored < chunk.byteCount
    guard fits else {
      throw input.fault(.inconsistent(data.place, "\(stored) bytes do not fit the \(chunk.pages) pages before it"))
    }
    return (chunk, data)
  }

  /// The pages of a chunk as they were in memory, their checksum checked; valid until the next call.
  mutating func readPages(
    _ chunk: ImagePageChunk, _ data: Section, _ decompressor: inout PageDecompressor
  ) throws(Problem) -> UnsafeRawBufferPointer {
    let stored = unsafe try content(of: data)
    guard let compression = Compression(flag: data.head.flags), compression != .none else { return unsafe stored }
    guard let pages = unsafe decompressor.decompress(stored, compression, length: chunk.byteCount) else {
      throw input.fault(.inconsistent(data.place, "it does not decompress to the \(chunk.pages) pages before it"))
    }
    guard unsafe checksum(of: pages) == chunk.checksum else {
      throw input.fault(.inconsistent(data.place, "the pages have a wrong checksum after decompression"))
    }
    return unsafe pages
  }

  /// Checks the trailer's numbers against what has been read.
  func check(_ trailer: ImageTrailer, _ section: Section, against totals: ImageTotals) throws(Problem) {
    guard trailer.sections == section.place.index, trailer.pages == totals.pages,
      trailer.storedBytes == totals.storedBytes
    else {
      throw input.fault(.inconsistent(section.place, "its numbers are not those of the sections before it"))
    }
  }

  /// The trailer, found by the file's last bytes; the caller puts the cursor back.
  mutating func readTrailerFromEnd() throws(Problem) -> ImageTrailer {
    let least = UInt64(FileTail.size + SectionHead.size)
    let tailOffset = input.size - min(UInt64(FileTail.size), input.size)
    input.move(to: tailOffset)
    guard let tail = unsafe FileTail(try input.read(FileTail.size, of: "the file tail")),
      input.size >= least, tail.trailerOffset <= input.size - least
    else { throw input.fault(.tailDamaged(offset: tailOffset)) }
    input.move(to: tail.trailerOffset)
    var place = SectionPlace(index: 0, offset: tail.trailerOffset)
    guard let head = unsafe SectionHead(try input.read(SectionHead.size, of: "the trailer")) else {
      throw input.fault(.headDamaged(place))
    }
    place.type = head.type
    guard head.type == SectionType.trailer.rawValue, head.checksum == tail.link,
      head.length == tailOffset - tail.trailerOffset - UInt64(SectionHead.size)
    else { throw input.fault(.tailDamaged(offset: tailOffset)) }
    guard head.length <= SectionType.trailer.limit else {
      throw input.fault(.tooLong(place, length: head.length, limit: SectionType.trailer.limit))
    }
    let section = Section(type: .trailer, head: head, place: place)
    let trailer: ImageTrailer = try message(section)
    return trailer
  }
}
