/// Defines `ThreadArea`, a segment of a thread's own in the processor's global descriptor table, and how ptrace(2) gives it.

internal import CLinux
public import SystemCalls

/// struct user_desc of set_thread_area(2).
public struct ThreadArea: Sendable, Hashable {
  /// Index in the table.
  public var entry: UInt32
  public var base: UInt32
  public var limit: UInt32
  /// The bits of the structure, seg_32bit the lowest.
  public var flags: UInt32

  public init(entry: UInt32, base: UInt32, limit: UInt32, flags: UInt32) {
    (self.entry, self.base, self.limit, self.flags) = (entry, base, limit, flags)
  }

  /// The three entries that threads may set (GDT_ENTRY_TLS_MIN and _MAX, arch/x86/include/asm/segment.h).
  public static let entries: ClosedRange<UInt32> = 12...14
  /// read_exec_only and seg_not_present: how the kernel shows an entry that is not set (LDT_empty).
  fileprivate static let emptyFlags: UInt32 = 0x28
}

extension TracedThread {
  /// Those that are set (PTRACE_GET_THREAD_AREA); none on a kernel that runs no 32-bit programs.
  public func threadAreas() -> [ThreadArea] {
    ThreadArea.entries.compactMap { entry in
      var area = ThreadArea(entry: 0, base: 0, limit: 0, flags: 0)
      let isRead: Void? = try? unsafe withUnsafeMutablePointer(to: &area) { pointer throws(Errno) in
        _ = try request(PTRACE_GET_THREAD_AREA, Int(entry), Int(bitPattern: pointer))
      }
      guard isRead != nil, area.base | area.limit != 0 || area.flags != ThreadArea.emptyFlags else { return nil }
      return area
    }
  }

  /// PTRACE_SET_THREAD_AREA; EINVAL for segments that the kernel does not allow.
  public func setThreadArea(_ area: ThreadArea) throws(Errno) {
    var copy = area
    try unsafe withUnsafeMutablePointer(to: &copy) { pointer throws(Errno) in
      _ = try request(PTRACE_SET_THREAD_AREA, Int(area.entry), Int(bitPattern: pointer))
    }
  }
}
