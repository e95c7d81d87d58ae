/// Fills in the header of a new image: what is inside and on which machine it was made.

internal import CLinux
internal import FoundationEssentials
internal import ImageSchema
internal import SystemCalls
internal import Tracing

extension ImageHeader {
  static func current(_ context: CheckpointContext) -> ImageHeader {
    var header = ImageHeader()
    header.crtopVersion = CrtopVersion.current
    let system = Machine.current
    (header.kernelRelease, header.machine, header.hostName) = (system.release, system.machine, system.node)
    header.bootID = Machine.bootID
    header.realTimeNs = Int64(realTimeNanoseconds())
    Clocks.save(context.root, in: &header)
    header.cpuFeatures = Machine.processorFeatures
    header.pageSize = UInt32(CheckpointRestart.pageSize)
    header.vdsoChecksum = Machine.vdsoChecksum
    header.vdso = Data(Machine.vdsoBytes)
    if context.processes.contains(where: \.image.is32Bit) { header.vdso32 = Data(Machine.vdso32Bytes) }
    header.rootPid = context.root
    if let root = context.processes.first {
      header.userID = root.status.userIDs.first ?? 0
      header.rootCommand = commandLine(of: root, context)
      let state = [UInt8](root.threads.first?.image.extendedState ?? .init())
      header.xfeatures = ExtendedState.enabledFeatures(state) ?? 0
    }
    header.tasks = UInt32(context.processes.count)
    header.threads = UInt32(context.processes.reduce(0) { $0 + max(1, $1.threads.count) })
    header.zombies = UInt32(context.processes.filter(\.isZombie).count)
    return header
  }

  private static func commandLine(of process: JobProcess, _ context: CheckpointContext) -> String {
    let text = (try? context.reader.read("/proc/\(process.driver)/cmdline"))?.wholeText ?? ""
    let words = text.split(separator: "\0")
    return words.isEmpty ? process.stat.comm : words.joined(separator: " ")
  }
}
