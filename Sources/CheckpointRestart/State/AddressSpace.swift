/// The address space: areas with protection, kind and advice, and the addresses the kernel keeps of a program.

internal import CLinux
internal import FoundationEssentials
internal import ImageSchema
internal import SystemCalls
internal import Tracing

enum AddressSpace: ProcessState {
  static func inspect(_ process: JobProcess, _ context: CheckpointContext) {
    guard let maps = context.read("smaps", of: process, capacity: 65536) else { return }
    process.areas = MappedArea.parse(maps)
    Program32.inspect(process, context)
    guard process.image.sharedTables.memory == 0 else { return }
    var image = ImageAddressSpace()
    let stat = process.driverStat
    (image.startCode, image.endCode, image.startStack) = (stat.address(26), stat.address(27), stat.address(28))
    (image.startData, image.endData, image.startBrk) = (stat.address(45), stat.address(46), stat.address(47))
    (image.argStart, image.argEnd) = (stat.address(48), stat.address(49))
    (image.envStart, image.envEnd) = (stat.address(50), stat.address(51))
    if let auxv = context.read("auxv", of: process) { image.auxv = Data(auxv.wholeBytes) }
    if let id = executable(process, context) { image.executable = id }
    for area in process.areas {
      guard let saved = AreaClassifier(process: process, context: context).classify(area) else { continue }
      if saved.kind == .anonymous || saved.kind == .filePrivate { process.contentAreas.append(area) }
      image.areas.append(saved)
    }
    process.image.addressSpace = image
  }

  private static func executable(_ process: JobProcess, _ context: CheckpointContext) -> UInt32? {
    do throws(Errno) {
      let path = try readLink("/proc/\(process.driver)/exe")
      let status = try fileStatus("/proc/\(process.driver)/exe")
      if let id = try context.shared.file(path, inode: UInt64(status.st_ino)) { return id }
      throw .noSuchFileOrDirectory
    } catch {
      context.refuse(
        process.problem(
          error, "its executable", why: "the file has been deleted or replaced", remedy: "put the original file back"))
      return nil
    }
  }

  static func save(_ process: JobProcess, _ calls: inout RemoteCalls) -> Completion? {
    guard process.image.sharedTables.memory == 0 else { return nil }
    let brk = calls.call(Int(SYS_brk), 0, naming: "program break (brk)")
    return { calls in process.image.addressSpace.brk = UInt64(bitPattern: calls.result(brk)) }
  }

  // MARK: - Restore

  /// Maps the areas that are not inherited; those that were writable once are writable for now, so that their content can
  /// be put in. The others must not be: the kernel would account for them, and merge areas that were apart.
  static func map(
    _ process: RestartingProcess, _ inheritance: MemoryInheritance, _ context: RestartContext,
    _ calls: inout RemoteCalls
  ) throws(Problem) {
    for area in inheritance.fresh {
      var flags = UInt64(MAP_FIXED_NOREPLACE) | UInt64(area.flags)
      let length = area.end - area.start
      let protection = UInt64(area.protection) | (area.wasWritable ? UInt64(PROT_WRITE) : 0)
      switch area.kind {
      case .anonymous:
        flags |= UInt64(MAP_PRIVATE | MAP_ANONYMOUS)
        calls.call(
          Int(SYS_mmap), area.start, length, protection, flags, UInt64.max, 0,
          expecting: .value(Int64(area.start)), naming: "memory (mmap)")
      case .filePrivate, .fileShared:
        let shared = area.kind == .fileShared
        guard let file = context.inherited.mappedFile(area.file, writable: area.openedForWriting) else {
          throw Problem(
            task: process.name, errno: .badFileDescriptor, what: "mapped file \(area.file)", why: "not open")
        }
        flags |= UInt64(shared ? MAP_SHARED : MAP_PRIVATE)
        calls.call(
          Int(SYS_mmap), area.start, length, shared ? UInt64(area.protection) : protection, flags, UInt64(file),
          area.offset, expecting: .value(Int64(area.start)), naming: "file mapping (mmap)")
      case .vvar, .vdso, .vsyscall, .UNRECOGNIZED: break
      }
    }
    if !inheritance.keepsVDSO, let first = process.image.addressSpace.areas.first(where: \.isSpecial) {
      let kind = process.image.is32Bit ? ARCH_MAP_VDSO_32 : ARCH_MAP_VDSO_64
      calls.call(Int(SYS_arch_prctl), UInt64(kind), first.start, naming: "vDSO (ARCH_MAP_VDSO)")
    }
  }

  static func restore(
    _ process: RestartingProcess, _ context: RestartContext, _ calls: inout RemoteCalls
  ) throws(Problem) {
    guard process.image.sharedTables.memory == 0 else { return }
    for area in process.image.addressSpace.areas {
      let length = area.end - area.start
      GuardRegions.restore(area, &calls)
      if area.kind == .anonymous || area.kind == .filePrivate, area.wasWritable,
        area.protection & UInt32(PROT_WRITE) == 0
      {
        calls.call(
          Int(SYS_mprotect), area.start, length, UInt64(area.protection), expecting: .value(0),
          naming: "protection (mprotect)")
      }
      for advice in area.advice {
        calls.call(
          Int(SYS_madvise), area.start, length, UInt64(advice), expecting: .value(0), naming: "advice (madvise)")
      }
      if area.locked {
        calls.call(
          Int(SYS_mlock2), area.start, length, area.lockedOnFault ? 1 : 0, expecting: .value(0),
          naming: "locked memory (mlock)")
      }
    }
    try setProgramAddresses(process, context, &calls)
  }

  /// PR_SET_MM_MAP: struct prctl_mm_map.
  private static func setProgramAddresses(
    _ process: RestartingProcess, _ context: RestartContext, _ calls: inout RemoteCalls
  ) throws(Problem) {
    let space = process.image.addressSpace
    guard let executable = context.inherited.mappedFile(space.executable, writable: false) else {
      throw Problem(task: process.name, errno: .badFileDescriptor, what: "its executable", why: "not open")
    }
    let auxv = calls.place([UInt8](space.auxv))
    let sizes = UInt64(space.auxv.count) | UInt64(UInt32(executable)) << 32
    let map = calls.place(words: [
      space.startCode, space.endCode, space.startData, space.endData, space.startBrk, space.brk, space.startStack,
      space.argStart, space.argEnd, space.envStart, space.envEnd, auxv, sizes,
    ])
    calls.call(
      Int(SYS_prctl), UInt64(PR_SET_MM), UInt64(PR_SET_MM_MAP), map, 13 * 8, expecting: .value(0),
      naming: "program addresses (PR_SET_MM_MAP)")
  }
}
