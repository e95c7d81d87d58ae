/// Defines `MemoryInheritance`: what a new task keeps of the memory that it was born with, and what it needs of its own.

internal import CLinux
internal import ImageSchema
internal import SystemCalls
internal import Tracing

/// A task is created when its parent has its memory, so that pages which the two had in common are in common again
/// (copy on write), and are neither read nor written a second time.
struct MemoryInheritance {
  /// Areas that the task keeps, with the range that its parent has of each; the rest is added at its end.
  private(set) var kept: [(area: ImageArea, range: Range<UInt64>)] = []
  /// Areas to be mapped.
  private(set) var fresh: [ImageArea] = []
  /// Ranges of kept areas that have content in the parent and none in the task.
  private(set) var dropped: [Range<UInt64>] = []
  /// Pages that the task does not share with its parent.
  private(set) var needed: [PageRun] = []
  /// Whether the vDSO is where the parent's is.
  private(set) var keepsVDSO = false
  private let inherited: [ImageArea]

  /// - Parameter parent: by which the task was created, its memory being as the image says; `nil`: a task without memory.
  init(of process: ImageProcess, from parent: ImageProcess?, _ content: MemoryContent) {
    let areas = process.addressSpace.areas
    inherited = parent?.addressSpace.areas.filter { $0.kind != .vsyscall } ?? []
    let special = areas.filter(\.isSpecial)
    keepsVDSO = !special.isEmpty && special == inherited.filter(\.isSpecial)
    var index = 0
    for area in areas where area.isMappable {
      while index < inherited.count && inherited[index].end <= area.start { index += 1 }
      if index < inherited.count, let range = area.range(inheritedFrom: inherited[index]) {
        kept.append((area, range))
      } else {
        fresh.append(area)
      }
    }
    compare(content[process.pid], parent.map { content[$0.pid] } ?? [])
  }

  // MARK: - Content

  /// Goes through the runs of both by address.
  private mutating func compare(_ own: [PageRun], _ parents: [PageRun]) {
    let parents = parts(of: parents)
    var index = 0
    var position = parents.first?.address ?? .max
    func advance(to address: UInt64) {
      position = address
      if position >= parents[index].end {
        index += 1
        position = index < parents.count ? parents[index].address : .max
      }
    }
    func drop(before limit: UInt64) {
      while index < parents.count && position < limit {
        let end = min(parents[index].end, limit)
        if let last = dropped.last, last.upperBound == position {
          dropped[dropped.count - 1] = last.lowerBound..<end
        } else {
          dropped.append(position..<end)
        }
        advance(to: end)
      }
    }
    for run in own {
      var address = run.address
      while address < run.end {
        drop(before: address)
        guard index < parents.count, position < run.end else {
          needed.append(run.clamped(to: address..<run.end))
          break
        }
        if position > address { needed.append(run.clamped(to: address..<position)) }
        address = position
        let end = min(parents[index].end, run.end)
        if !run.isSame(as: parents[index], at: address) { needed.append(run.clamped(to: address..<end)) }
        address = end
        advance(to: end)
      }
    }
    drop(before: .max)
  }

  /// The parts of the parent's runs that lie in kept ranges.
  private func parts(of runs: [PageRun]) -> [PageRun] {
    var parts: [PageRun] = []
    var index = 0
    for run in runs {
      while index < kept.count && kept[index].range.upperBound <= run.address { index += 1 }
      var next = index
      while next < kept.count, kept[next].range.lowerBound < run.end {
        parts.append(run.clamped(to: kept[next].range))
        next += 1
      }
    }
    return parts
  }

  // MARK: - Calls

  /// Takes away what is the parent's alone, and what the task has no content in; makes kept areas as long as they are.
  func addCalls(_ scaffold: Range<UInt64>, _ calls: inout RemoteCalls) {
    var stays = kept.map(\.range) + [scaffold]
    if keepsVDSO { stays += inherited.filter(\.isSpecial).map { $0.start..<$0.end } }
    stays.sort { $0.lowerBound < $1.lowerBound }
    var index = 0
    for gap in zip([0] + stays.map(\.upperBound), stays.map(\.lowerBound) + [.max]) where gap.0 < gap.1 {
      while index < inherited.count && inherited[index].end <= gap.0 { index += 1 }
      guard index < inherited.count, inherited[index].start < gap.1 else { continue }
      let start = max(inherited[index].start, gap.0)
      var end = start
      var last = index
      while last < inherited.count, inherited[last].start < gap.1 {
        end = min(inherited[last].end, gap.1)
        last += 1
      }
      calls.call(Int(SYS_munmap), start, end - start, expecting: .value(0), naming: "memory (munmap)")
    }
    for (area, range) in kept where area.end > range.upperBound {
      calls.call(
        Int(SYS_mremap), area.start, range.upperBound - range.lowerBound, area.end - area.start, 0,
        expecting: .value(Int64(area.start)), naming: "memory (mremap)")
    }
    for range in dropped {
      calls.call(
        Int(SYS_madvise), range.lowerBound, range.upperBound - range.lowerBound, UInt64(MADV_DONTNEED),
        expecting: .value(0), naming: "memory (madvise)")
    }
  }
}

extension ImageArea {
  /// Comes with the vDSO.
  var isSpecial: Bool { kind == .vdso || kind == .vvar }
  var isMappable: Bool { kind == .anonymous || kind == .filePrivate || kind == .fileShared }

  /// What of this area a parent's area becomes by fork(2), munmap(2) of its start or end, and growth at its end.
  fileprivate func range(inheritedFrom parent: ImageArea) -> Range<UInt64>? {
    guard parent.start <= start, start < parent.end, kind == parent.kind, protection == parent.protection,
      flags == parent.flags, file == parent.file, wasWritable == parent.wasWritable,
      openedForWriting == parent.openedForWriting,
      kind == .anonymous || offset == parent.offset + (start - parent.start)
    else { return nil }
    return start..<min(end, parent.end)
  }
}
