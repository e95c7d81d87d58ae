/// Descriptor tables: which numbers refer to which open file descriptions, shared between tasks or not, close-on-exec.

internal import CLinux
internal import ImageSchema
internal import SystemCalls
internal import Tracing

enum Descriptors: ProcessState {
  /// PIDFD_THREAD (Linux 6.9): a pidfd of a thread that leads no group.
  private static let pidfdThread = Int(O_EXCL)

  static func inspect(_ process: JobProcess, _ context: CheckpointContext) {
    guard process.image.sharedTables.files == 0 else { return }
    let numbers: [Int32]
    let handle: OwnedDescriptor
    do throws(Errno) {
      numbers = try directoryEntries("/proc/\(process.driver)/fd").compactMap { Int32($0) }.sorted()
      handle = OwnedDescriptor(
        adopting: Int32(
          try rawSystemCall(Int(SYS_pidfd_open), Int(process.driver), process.hasDeadLeader ? pidfdThread : 0)))
    } catch {
      context.refuse(error.problem(task: process.name, "cannot read its descriptors"))
      return
    }
    var reader = ProcFileReader(capacity: 4096)
    for number in numbers {
      do throws(Errno) {
        let slot = DescriptorSlot(process: process, number: number, handle: handle.number)
        if let descriptor = try slot.inspect(context, &reader) { process.image.descriptors.append(descriptor) }
      } catch {
        let isGone = error == .noSuchFileOrDirectory || error == .badFileDescriptor
        let link = try? readLink("/proc/\(process.driver)/fd/\(number)")
        if isGone && context.isPreflight && link == nil { continue }  // closed meanwhile
        context.refuse(
          error.problem(
            task: process.name, "cannot find out what descriptor \(number) (\(link ?? "?")) is",
            remedy: isGone ? "let the program close it: its path leads nowhere now" : "run crtop as root"))
      }
    }
  }

  static func restore(
    _ process: RestartingProcess, _ context: RestartContext, _ calls: inout RemoteCalls
  ) throws(Problem) {
    guard process.image.sharedTables.files == 0 else { return }
    for descriptor in process.image.descriptors {
      guard let inherited = context.inherited.openFile(descriptor.openFile, slot: descriptor.number) else {
        throw Problem(
          task: process.name, errno: .badFileDescriptor, what: "descriptor \(descriptor.number)",
          why: "open file \(descriptor.openFile) is not in the image")
      }
      let flags = descriptor.flags & UInt32(FD_CLOEXEC) != 0 ? UInt64(O_CLOEXEC) : 0
      calls.call(
        Int(SYS_dup3), UInt64(inherited), UInt64(descriptor.number), flags,
        expecting: .value(Int64(descriptor.number)), naming: "descriptor (dup3)")
    }
    // Before the record locks are taken: closing any descriptor of a file gives up the process's locks on it (fcntl(2)).
    calls.call(
      Int(SYS_close_range), UInt64(context.inherited.base), UInt64(UInt32.max), 0, expecting: .value(0),
      naming: "descriptors (close_range)")
  }
}
