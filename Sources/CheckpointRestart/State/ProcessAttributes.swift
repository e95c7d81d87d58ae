/// Attributes of a process: dumpable, core dump filter, OOM score adjustment, child subreaper, huge pages disabled,
/// size of the futex hash table.

internal import CLinux
internal import Glibc
internal import ImageSchema
internal import SystemCalls
internal import Tracing

enum ProcessAttributes: ProcessState {
  /// PR_FUTEX_HASH, Linux 6.16 (linux/prctl.h).
  private static let futexHash: UInt64 = 78

  static func inspect(_ process: JobProcess, _ context: CheckpointContext) {
    var image = ImageProcessAttributes()
    if var scanner = context.read("oom_score_adj", of: process) {
      image.oomScoreAdjustment = Int32(truncatingIfNeeded: scanner.signed() ?? 0)
    }
    if var scanner = context.read("coredump_filter", of: process) {
      image.coreDumpFilter = UInt32(truncatingIfNeeded: scanner.unsigned(radix: 16) ?? 0)
    }
    process.image.attributes = image
  }

  static func save(_ process: JobProcess, _ calls: inout RemoteCalls) -> Completion? {
    let subreaper = calls.reserve(8)
    let dumpable = calls.call(Int(SYS_prctl), UInt64(PR_GET_DUMPABLE), naming: "dumpable (PR_GET_DUMPABLE)")
    calls.call(Int(SYS_prctl), UInt64(PR_GET_CHILD_SUBREAPER), subreaper, naming: "subreaper (PR_GET_CHILD_SUBREAPER)")
    let slots = calls.call(
      Int(SYS_prctl), futexHash, 2, expecting: .anything, naming: "futex hash table (PR_FUTEX_HASH_GET_SLOTS)")
    let hugePages = calls.call(Int(SYS_prctl), UInt64(PR_GET_THP_DISABLE), naming: "huge pages (PR_GET_THP_DISABLE)")
    return { calls throws(Problem) in
      process.image.attributes.dumpable = UInt32(truncatingIfNeeded: calls.result(dumpable))
      process.image.attributes.childSubreaper = calls.word32(at: subreaper) != 0
      process.image.attributes.transparentHugePagesDisabled = calls.result(hugePages) != 0
      process.image.attributes.transparentHugePagesFlags = UInt32(truncatingIfNeeded: calls.result(hugePages)) & ~1
      if process.threads.count == 1 {
        process.image.attributes.futexSlots = UInt32(clamping: max(0, calls.result(slots)))
      }
      if calls.result(dumpable) > 1 {
        throw process.problem(
          .notSupported, "its dumpable attribute", why: "the value 2 (a set-user-ID program) cannot be set again")
      }
    }
  }

  static func restore(
    _ process: RestartingProcess, _ context: RestartContext, _ calls: inout RemoteCalls
  ) throws(Problem) {
    let image = process.image.attributes
    if image.childSubreaper {
      calls.call(Int(SYS_prctl), UInt64(PR_SET_CHILD_SUBREAPER), 1, naming: "subreaper (PR_SET_CHILD_SUBREAPER)")
    }
    if image.transparentHugePagesDisabled {
      calls.call(
        Int(SYS_prctl), UInt64(PR_SET_THP_DISABLE), 1, UInt64(image.transparentHugePagesFlags),
        naming: "huge pages (PR_SET_THP_DISABLE)")
    }
    if image.futexSlots != 0 {
      calls.call(
        Int(SYS_prctl), futexHash, 1, UInt64(image.futexSlots), expecting: .value(0),
        naming: "futex hash table (PR_FUTEX_HASH_SET_SLOTS)")
    }
    try write("\(image.oomScoreAdjustment)", to: "oom_score_adj", of: process, unless: context.ownOOMScoreAdjustment)
    try write("0x" + String(image.coreDumpFilter, radix: 16), to: "coredump_filter", of: process, unless: nil)
  }

  private static func write(
    _ text: String, to file: String, of process: RestartingProcess, unless current: String?
  ) throws(Problem) {
    guard text != current else { return }
    do throws(Errno) {
      try writeText(text, to: "/proc/\(process.pid)/\(file)")
    } catch { throw error.problem(task: process.name, "cannot set its \(file) to \(text)") }
  }
}
