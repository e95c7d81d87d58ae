/// Defines `ForeignVDSO`: how a job from another kernel keeps the vDSO it knows, with that of this kernel behind it.
///
/// The program holds addresses of functions in the old vDSO (in its C library, on its stacks). So its bytes stay where they
/// are, as ordinary memory, and each function begins with a jump to the same function of the running kernel's vDSO, which
/// is mapped elsewhere. What the kernel no longer has becomes a system call. Nothing of the old code runs any more, and the
/// data it read ([vvar]) is not mapped. At the next checkpoint the old vDSO is memory like any other.

internal import FoundationEssentials
internal import ImageSchema
internal import SystemCalls
internal import Tracing

struct ForeignVDSO {
  private let bytes: [UInt8]
  private let functions: VDSOFunctions
  private let current: VDSOFunctions
  /// Where the old vDSO is in each process.
  private var places: [Int32: UInt64] = [:]

  /// How a function is made a system call where the running kernel's vDSO does not have it (syscalls of x86_64).
  private static let systemCalls: [String: UInt32] = [
    "clock_gettime": 228, "gettimeofday": 96, "time": 201, "getcpu": 309, "clock_getres": 229,
  ]

  /// `nil` when the image's vDSO is that of this kernel.
  ///
  /// - Throws: when the job cannot live with the vDSO of this kernel.
  init?(_ header: ImageHeader) throws(Problem) {
    guard header.vdsoChecksum != Machine.vdsoChecksum else { return nil }
    bytes = [UInt8](header.vdso)
    guard let functions = VDSOFunctions(bytes), let current = VDSOFunctions(Machine.vdsoBytes), bytes.count <= 1 << 16,
      bytes.count % Int(pageSize) == 0, imageChecksum(ofBytes: bytes) == header.vdsoChecksum
    else {
      throw Problem(
        errno: .notSupported, what: "the kernel's vDSO",
        why: "the image is from kernel \(header.kernelRelease), this is \(Machine.current.release), and it does not "
          + "hold that kernel's vDSO", remedy: "boot the kernel the image was made on")
    }
    (self.functions, self.current) = (functions, current)
    var end = 0
    for function in Set(functions.byName.values).sorted(by: { $0.offset < $1.offset }) {
      guard function.offset >= end else { throw tooShort(header) }
      end = function.offset + (functions.byName["__vdso_getrandom"] == function ? Self.randomLength : Self.jumpLength)
      guard end <= bytes.count else { throw tooShort(header) }
    }
  }

  private func tooShort(_ header: ImageHeader) -> Problem {
    Problem(
      errno: .notSupported, what: "the vDSO of kernel \(header.kernelRelease)",
      why: "its functions leave no room for a jump", remedy: "boot the kernel the image was made on")
  }

  // MARK: - Metadata

  /// Makes the processes as they are restarted here: the old vDSO is memory, this kernel's has a place of its own. Those of
  /// 32-bit programs have another vDSO.
  mutating func adapt(_ processes: inout [ImageProcess]) throws(Problem) {
    for index in processes.indices where processes[index].state != .zombie && !processes[index].is32Bit {
      try adapt(&processes[index])
    }
  }

  private mutating func adapt(_ process: inout ImageProcess) throws(Problem) {
    let name = TaskName(pid: process.pid, comm: process.comm)
    var areas = process.addressSpace.areas.filter { $0.kind != .vvar }
    guard let index = areas.firstIndex(where: { $0.kind == .vdso }) else { return }
    let old = areas[index].start..<areas[index].end
    guard old.count == bytes.count else {
      throw Problem(
        task: name, errno: .notSupported, what: "its vDSO", why: "it is not the one that the image holds",
        remedy: "boot the kernel the image was made on")
    }
    for thread in process.threads {
      guard let registers = Registers(bytes: [UInt8](thread.registers)), old.contains(registers.programCounter) else {
        continue
      }
      throw Problem(
        task: TaskName(pid: thread.tid, comm: thread.comm), errno: .notSupported, what: "the vDSO",
        why: "the thread stood inside it at the checkpoint, and this kernel has another one",
        remedy: "boot the kernel the image was made on")
    }
    areas[index].kind = .anonymous
    places[process.pid] = old.lowerBound
    let taken = areas.filter { $0.kind != .vsyscall }.map { $0.start..<$0.end }
    let length = UInt64(Machine.vdsoAreas.reduce(0) { $0 + $1.length })
    guard var start = FreeRange.find(length, between: taken) else {
      throw Problem(
        task: name, errno: .noMemory, what: "its address space", why: "there is no room for this kernel's vDSO")
    }
    for part in Machine.vdsoAreas {
      var area = ImageArea()
      area.kind = part.isCode ? .vdso : .vvar
      (area.start, area.end) = (start, start + UInt64(part.length))
      start = area.end
      areas.append(area)
    }
    areas.sort { $0.start < $1.start }
    process.addressSpace.areas = areas
  }

  // MARK: - Code

  /// Puts the patched vDSO into a process whose memory is mapped as `adapt` has it.
  func write(to process: RestartingProcess) throws(Problem) {
    guard let place = places[process.pid],
      let new = process.image.addressSpace.areas.first(where: { $0.kind == .vdso })
    else { return }
    do throws(Errno) {
      try TaskMemory(of: process.pid).write(bytes: patched(current: new.start), to: place)
    } catch { throw error.problem(task: process.name, "cannot write the vDSO of its old kernel") }
  }

  /// - Parameter base: where this kernel's vDSO is in the process.
  private func patched(current base: UInt64) -> [UInt8] {
    var patched = bytes
    for (name, function) in functions.byName {
      let plain = name.hasPrefix("__vdso_") ? String(name.dropFirst(7)) : name
      let target = (current.byName["__vdso_" + plain] ?? current.byName[plain]).map { base + UInt64($0.offset) }
      let code =
        plain == "getrandom" ? Self.random(target) : Self.jump(target) ?? Self.systemCall(Self.systemCalls[plain])
      patched.replaceSubrange(function.offset..<function.offset + code.count, with: code)
    }
    return patched
  }

  /// The longest that `jump` and `systemCall` give, and `random`.
  private static let jumpLength = 14
  private static let randomLength = 28

  /// jmp *0(%rip), and the address behind it: no register changes.
  private static func jump(_ target: UInt64?) -> [UInt8]? {
    target.map { address in
      [0xff, 0x25, 0, 0, 0, 0] + (0..<8).map { UInt8(truncatingIfNeeded: address >> (8 * UInt64($0))) }
    }
  }

  /// mov $number, %eax; syscall; ret. Without a number: mov $-ENOSYS, %rax; ret.
  private static func systemCall(_ number: UInt32?) -> [UInt8] {
    guard let number else { return [0x48, 0xc7, 0xc0, 0xda, 0xff, 0xff, 0xff, 0xc3] }
    return [0xb8] + (0..<4).map { UInt8(truncatingIfNeeded: number >> (8 * UInt32($0))) } + [0x0f, 0x05, 0xc3]
  }

  /// getrandom of the vDSO keeps a state whose form is the kernel's own affair, and which the program may have had from the
  /// old one: so only the question for that form (opaque_len -1) is passed on, and random bytes come by getrandom(2) (318).
  /// cmp $-1, %r8; je 1f; mov $318, %eax; syscall; ret; 1: jump.
  private static func random(_ target: UInt64?) -> [UInt8] {
    [0x49, 0x83, 0xf8, 0xff, 0x74, 0x08] + systemCall(318) + (jump(target) ?? systemCall(nil))
  }
}
