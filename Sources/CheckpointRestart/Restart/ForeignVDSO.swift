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
  private let replacements: [VDSOReplacement]
  /// Where the old vDSO is in each process.
  private var places: [Int32: UInt64] = [:]

  /// `nil` when the image's vDSOs are those of this kernel.
  ///
  /// - Throws: when the job cannot live with the vDSOs of this kernel.
  init?(_ header: ImageHeader, _ processes: [ImageProcess]) throws(Problem) {
    let living = processes.filter { $0.state != .zombie }
    var replacements: [VDSOReplacement] = []
    if header.vdsoChecksum != Machine.vdsoChecksum, living.contains(where: { !$0.is32Bit }) {
      let bytes = imageChecksum(ofBytes: [UInt8](header.vdso)) == header.vdsoChecksum ? [UInt8](header.vdso) : []
      replacements.append(try VDSOReplacement(bytes, is32Bit: false, release: header.kernelRelease))
    }
    if [UInt8](header.vdso32) != Machine.vdso32Bytes, living.contains(where: \.is32Bit) {
      replacements.append(
        try VDSOReplacement([UInt8](header.vdso32), is32Bit: true, release: header.kernelRelease))
    }
    if replacements.isEmpty { return nil }
    self.replacements = replacements
  }

  // MARK: - Metadata

  /// Makes the processes as they are restarted here: the old vDSO is memory, this kernel's has a place of its own.
  mutating func adapt(_ processes: inout [ImageProcess]) throws(Problem) {
    for index in processes.indices where processes[index].state != .zombie {
      if let replacement = replacement(for: processes[index]) { try adapt(&processes[index], replacement) }
    }
  }

  private func replacement(for process: ImageProcess) -> VDSOReplacement? {
    replacements.first { $0.is32Bit == process.is32Bit }
  }

  private mutating func adapt(_ process: inout ImageProcess, _ replacement: VDSOReplacement) throws(Problem) {
    let name = TaskName(pid: process.pid, comm: process.comm)
    var areas = process.addressSpace.areas.filter { $0.kind != .vvar }
    guard let index = areas.firstIndex(where: { $0.kind == .vdso }) else { return }
    let old = areas[index].start..<areas[index].end
    guard old.count == replacement.bytes.count else {
      throw Problem(
        task: name, errno: .notSupported, what: "its vDSO", why: "it is not the one that the image holds",
        remedy: "boot the kernel the image was made on")
    }
    for thread in process.threads {
      guard let registers = Registers(bytes: [UInt8](thread.registers)), old.contains(registers.programCounter),
        !replacement.isSound(at: registers.programCounter - old.lowerBound)
      else { continue }
      throw Problem(
        task: TaskName(pid: thread.tid, comm: thread.comm), errno: .notSupported, what: "the vDSO",
        why: "the thread stood inside it at the checkpoint, and this kernel has another one",
        remedy: "boot the kernel the image was made on")
    }
    areas[index].kind = .anonymous
    places[process.pid] = old.lowerBound
    let taken = areas.filter { $0.kind != .vsyscall }.map { $0.start..<$0.end }
    let parts = Machine.vdsoAreas(is32Bit: process.is32Bit)
    let length = UInt64(parts.reduce(0) { $0 + $1.length })
    guard var start = FreeRange.find(length, between: taken) else {
      throw Problem(
        task: name, errno: .noMemory, what: "its address space", why: "there is no room for this kernel's vDSO")
    }
    for part in parts {
      var area = ImageArea()
      area.kind = part.isCode ? .vdso : .vvar
      (area.start, area.end) = (start, start + UInt64(part.length))
      start = area.end
      areas.append(area)
    }
    areas.sort { $0.start < $1.start }
    process.addressSpace.areas = areas
  }

  /// Puts the patched vDSO into a process whose memory is mapped as `adapt` has it.
  func write(to process: RestartingProcess) throws(Problem) {
    guard let place = places[process.pid], let replacement = replacement(for: process.image),
      let new = process.image.addressSpace.areas.first(where: { $0.kind == .vdso })
    else { return }
    do throws(Errno) {
      try TaskMemory(of: process.pid).write(bytes: replacement.patched(at: place, current: new.start), to: place)
    } catch { throw error.problem(task: process.name, "cannot write the vDSO of its old kernel") }
  }
}
