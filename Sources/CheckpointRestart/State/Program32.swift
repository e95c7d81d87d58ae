/// 32-bit programs: which tasks run one, and what a restart needs of the kernel for them.

internal import CLinux
internal import ImageSchema
internal import SystemCalls
internal import Tracing

enum Program32 {
  /// By the class and machine in the head of the ELF file (elf(5)): ELFCLASS32 and EM_386. Another machine of that class is
  /// refused: x32, whose programs are 64-bit code with 32-bit addresses.
  static func inspect(_ process: JobProcess, _ context: CheckpointContext) {
    guard let file = try? OwnedDescriptor.open("/proc/\(process.driver)/exe", O_RDONLY) else { return }
    var head = [UInt8](repeating: 0, count: 20)
    let got = try? unsafe head.withMutableBytes { buffer throws(Errno) in
      try systemCall { unsafe pread(file.number, buffer.baseAddress, buffer.count, 0) }
    }
    guard got == head.count, head.starts(with: [0x7f, 0x45, 0x4c, 0x46, 1]) else { return }
    guard head[18] == 3, head[19] == 0 else {
      return context.refuse(
        process.problem(
          .notSupported, "its program", why: "programs of the x32 ABI are not supported",
          remedy: "run a 64-bit build of the program"))
    }
    process.image.is32Bit = true
  }

  /// A thread may jump from one mode into the other. What the kernel keeps of its calls is then of both ABIs.
  static func refuseOtherMode(_ registers: Registers, of process: JobProcess) throws(Problem) {
    guard process.image.is32Bit ? registers.is32Bit : registers.is64Bit else {
      let (code, program) = process.image.is32Bit ? ("64-bit", "32-bit") : ("32-bit", "64-bit")
      throw process.problem(
        .notSupported, "its program", why: "\(code) code inside a \(program) program is not supported",
        remedy: "let the program leave that mode before the checkpoint")
    }
  }

  /// What stands in the way of such tasks here, of the first of them.
  static func problems(_ processes: [ImageProcess]) -> [Problem] {
    guard let first = processes.first(where: \.is32Bit) else { return [] }
    return obstacle(TaskName(pid: first.pid, comm: first.comm)).map { [$0] } ?? []
  }

  private static func obstacle(_ task: TaskName) -> Problem? {
    let what = "its 32-bit program"
    if Machine.vdso32Bytes.isEmpty {
      return Problem(
        task: task, errno: .notSupported, what: what, why: "this kernel does not run any",
        remedy: "use a kernel with CONFIG_IA32_EMULATION, without ia32_emulation=off")
    }
    guard Credentials.surviveExecution(Credentials.own()) else {
      return Problem(
        task: task, errno: .notPermitted, what: what,
        why: "its task has to call execve(2), by which it would lose crtop's capabilities",
        remedy: "run crtop as root, or with ambient capabilities")
    }
    do throws(Errno) { _ = try ProgramStub(is32Bit: true) } catch {
      return error.problem(
        task: task, what, why: "its task has to execute a file in memory, and crtop cannot make one (\(error.symbol))",
        remedy: "use Linux 6.3 or later, with sysctl vm.memfd_noexec below 2")
    }
    return nil
  }
}
