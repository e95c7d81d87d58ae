/// Descriptor tables: which numbers refer to which open file descriptions, shared between tasks or not, close-on-exec.

internal import CLinux
internal import ImageSchema
internal import SystemCalls
internal import Tracing

enum Descriptors: ProcessState {
  static func inspect(_ process: JobProcess, _ context: CheckpointContext) {
    let numbers: [Int32]
    let handle: OwnedDescriptor
    do throws(Errno) {
      numbers = try directoryEntries("/proc/\(process.pid)/fd").compactMap { Int32($0) }.sorted()
      handle = OwnedDescriptor(adopting: Int32(try rawSystemCall(Int(SYS_pidfd_open), Int(process.pid))))
    } catch {
      context.refuse(error.problem(task: process.name, "cannot read its descriptors"))
      return
    }
    for number in numbers {
      do throws(Errno) {
        let slot = DescriptorSlot(process: process, number: number, handle: handle.number)
        if let descriptor = try slot.inspect(context) { process.image.descriptors.append(descriptor) }
      } catch {
        if error == .noSuchFileOrDirectory || error == .badFileDescriptor { continue }  // closed meanwhile (preflight)
        context.refuse(error.problem(task: process.name, "cannot read descriptor \(number)"))
      }
    }
    refuseSharedTable(process, context)
  }

  /// A table shared by processes that are not threads of one group (clone(2) with CLONE_FILES) is not supported.
  private static func refuseSharedTable(_ process: JobProcess, _ context: CheckpointContext) {
    guard let parent = context.byPID[process.parent], !parent.isZombie else { return }
    for (type, what) in [
      (KCMP_FILES, "its descriptor table"), (KCMP_VM, "its memory"), (KCMP_FS, "its working directory and umask"),
      (KCMP_SIGHAND, "its signal actions"),
    ] {
      let result = try? rawSystemCall(Int(SYS_kcmp), Int(process.pid), Int(parent.pid), Int(type.rawValue))
      if result == 0 {
        context.refuse(
          process.problem(
            .notSupported, what, why: "it is shared with process \(parent.pid) (clone(2), vfork(2))",
            remedy: "try again when the program has gone on to execve(2)"))
      }
    }
  }

  static func restore(
    _ process: RestartingProcess, _ context: RestartContext, _ calls: inout RemoteCalls
  ) throws(Problem) {
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
