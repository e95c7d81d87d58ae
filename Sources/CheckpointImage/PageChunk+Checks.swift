/// What must be true of a chunk's description, checked when it is written and when it is read.

internal import ImageSchema

extension ImagePageChunk {
  /// Bytes of the pages, uncompressed. Right only for a chunk without a fault.
  var byteCount: Int { Int(pages) * ImageLimits.pageSize }

  /// What is wrong with it; `nil`: nothing.
  ///
  /// - Parameter pids: the processes of the image.
  func fault(pids: Set<Int32>) -> String? {
    guard pages > 0, pages <= ImageLimits.chunkPages else {
      return "it says \(pages) pages, 1 to \(ImageLimits.chunkPages) are possible"
    }
    for run in runs {
      guard pids.contains(run.pid) else { return "pages of process \(run.pid), which is not in the image" }
      guard run.pages > 0, run.pages <= pages, run.first <= pages - run.pages else {
        return "a run of \(run.pages) pages from page \(run.first) on, of \(pages)"
      }
      // No overflow: the pages are at most 64 MiB.
      guard run.address % UInt64(ImageLimits.pageSize) == 0, run.address < ImageLimits.userAddressEnd,
        UInt64(run.pages) * UInt64(ImageLimits.pageSize) <= ImageLimits.userAddressEnd - run.address
      else {
        return "a run of \(run.pages) pages at address 0x\(String(run.address, radix: 16)), which no task can have"
      }
    }
    return runs.isEmpty ? "pages that belong nowhere" : nil
  }
}
