/// State that no other file here saves, found and refused: nothing is dropped in silence.

internal import CLinux
internal import SystemCalls
internal import Tracing

enum UnsupportedState: ProcessState {
  static func inspect(_ process: JobProcess, _ context: CheckpointContext) {
    let status = process.status
    if context.isPreflight && status.tracer != 0 {
      context.refuse(
        process.problem(
          .notPermitted, "the task", why: "process \(status.tracer) traces it (a debugger, strace, another crtop)",
          remedy: "end that program first"))
    }
    let locked = process.contentAreas.filter { $0.has("lo") }
    if !locked.isEmpty && locked.count == process.contentAreas.count {
      context.refuse(
        process.problem(
          .notSupported, "its locked memory", why: "all of it is locked, and mlockall(2) may hold for the future too",
          remedy: "let the program call munlockall(2) before the checkpoint"))
    }
    if isExecutable32Bit(process) {
      context.refuse(
        process.problem(
          .notSupported, "its program", why: "32-bit programs are not supported",
          remedy: "run a 64-bit build of the program"))
    }
    Zombies.refuseDead(process, context)
  }

  /// By the class in the head of the ELF file (elf(5), EI_CLASS). Code in 32-bit mode inside a 64-bit program is found later,
  /// by the code segment in the registers.
  private static func isExecutable32Bit(_ process: JobProcess) -> Bool {
    guard let file = try? OwnedDescriptor.open("/proc/\(process.pid)/exe", O_RDONLY) else { return false }
    var head = [UInt8](repeating: 0, count: 5)
    let got = try? unsafe head.withMutableBytes { buffer throws(Errno) in
      try systemCall { unsafe pread(file.number, buffer.baseAddress, buffer.count, 0) }
    }
    return got == head.count && head == [0x7f, 0x45, 0x4c, 0x46, 1]
  }
}
