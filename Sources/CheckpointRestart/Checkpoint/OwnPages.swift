/// Defines `OwnPages`: the pages of a process that have content of their own.

internal import Synchronization
internal import SystemCalls

struct OwnPages: Sendable {
  struct Page: Sendable {
    var address: UInt64
    /// Index into the process's content areas.
    var area: Int32
    var entry: PageMap.Entry
  }

  var pages: [Page] = []
  /// Guard regions, by area and in order.
  var guards: [(area: Int, range: Range<UInt64>)] = []

  /// Reads the page maps of many processes at once.
  static func read(of processes: [JobProcess]) -> [Result<OwnPages, Errno>] {
    let count = processes.count
    nonisolated(unsafe) let processes = processes
    let results = Mutex<[Result<OwnPages, Errno>]>(.init(repeating: .failure(.noSuchProcess), count: count))
    Parallel.forEach(count) { index in
      let result = read(unsafe processes[index])
      results.withLock { $0[index] = result }
    }
    return results.withLock { $0 }
  }

  private mutating func addGuard(_ address: UInt64, area: Int) {
    if let last = guards.last, last.area == area, last.range.upperBound == address {
      guards[guards.count - 1].range = last.range.lowerBound..<address + pageSize
    } else {
      guards.append((area, address..<address + pageSize))
    }
  }

  private static func read(_ process: JobProcess) -> Result<OwnPages, Errno> {
    var found = OwnPages()
    do throws(Errno) {
      var map = try PageMap(of: process)
      for (index, area) in process.contentAreas.enumerated() {
        try map.forEachPage(of: area.range) { address, entry in
          if entry.isGuard { found.addGuard(address, area: index) }
          if entry.isOwn { found.pages.append(Page(address: address, area: Int32(index), entry: entry)) }
        }
      }
    } catch { return .failure(error) }
    return .success(found)
  }
}
