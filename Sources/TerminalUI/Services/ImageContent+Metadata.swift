/// Reads an `ImageContent` from the metadata of an image.

internal import CheckpointImage
internal import ImageSchema
internal import ProcessTree
public import SystemCalls

extension StoreCatalogue {
  public func content(_ path: String) throws(Problem) -> ImageContent {
    var reader = try ImageReader(path: path)
    let size = reader.size
    let metadata = try reader.readMetadata()
    let header = metadata.header
    return ImageContent(
      path: path, bytes: size, command: header.rootCommand, time: header.realTimeNs / 1_000_000_000,
      origin: "\(header.hostName), Linux \(header.kernelRelease) \(header.machine), crtop \(header.crtopVersion)",
      pauseMicroseconds: metadata.trailer.pauseUs,
      tasks: metadata.processes.map { ImageTask($0, metadata.sharedObjects) },
      files: metadata.sharedObjects.files.map {
        ImageFileReference(path: $0.path, bytes: $0.size, modified: $0.modifiedNs / 1_000_000_000)
      })
  }
}

extension ImageTask {
  init(_ process: ImageProcess, _ shared: ImageSharedObjects) {
    let exit = ExitStatus(rawValue: Int32(truncatingIfNeeded: process.exitCode))
    self.init(
      pid: process.pid, ppid: process.ppid, comm: process.comm,
      state: process.state == .zombie ? "zombie (\(exit))" : process.stateName, threads: process.threads.count,
      memoryBytes: process.memoryBytes, mappings: process.addressSpace.areas.count,
      mappedBytes: process.addressSpace.areas.reduce(0) { $0 &+ ($1.end &- $1.start) },
      executable: shared.path(process.addressSpace.executable), directory: process.fileSystem.workingDirectory,
      remarks: Self.remarks(process))
    for descriptor in process.descriptors {
      descriptors[Int(descriptor.number)] = shared.describe(openFile: descriptor.openFile)
    }
    let files = process.addressSpace.areas.filter { $0.kind == .filePrivate || $0.kind == .fileShared }.map(\.file)
    mappedFiles = Set(files).sorted().map(shared.path)
  }

  private static func remarks(_ process: ImageProcess) -> [String] {
    var remarks: [String] = []
    let pending = process.pendingSignals.count + process.threads.reduce(0) { $0 + $1.pendingSignals.count }
    if pending > 0 { remarks.append(Format.count(pending, "pending signal")) }
    let caught = process.signalActions.filter { $0.handler > 1 }.map { SignalNumber(rawValue: Int32($0.signal)).name }
    if !caught.isEmpty { remarks.append("catches " + caught.joined(separator: " ")) }
    for timer in process.intervalTimers {
      let left = Format.duration(microseconds: Int64(clamping: timer.valueUs))
      remarks.append("\(["real-time", "CPU-time", "profiling"][Int(min(timer.which, 2))]) timer, \(left) left")
    }
    if !process.recordLocks.isEmpty { remarks.append(Format.count(process.recordLocks.count, "record lock")) }
    return remarks
  }
}

extension ImageSharedObjects {
  /// The path of a file; ids count from 1.
  fileprivate func path(_ id: UInt32) -> String {
    files.indices.contains(Int(id) - 1) ? files[Int(id) - 1].path : (id == 0 ? "" : "file \(id)?")
  }

  fileprivate func describe(openFile id: UInt32) -> String {
    guard openFiles.indices.contains(Int(id) - 1) else { return "open file \(id)?" }
    let openFile = openFiles[Int(id) - 1]
    switch openFile.object {
    case .file(let file): return path(file) + (openFile.position > 0 ? " at \(openFile.position)" : "")
    case .pipe(let pipe):
      let content = pipes.indices.contains(Int(pipe) - 1) ? pipes[Int(pipe) - 1].content.count : 0
      return "pipe \(pipe)" + (content > 0 ? " with \(content) bytes in it" : "")
    case .device(let device): return device.path
    case .terminal(let terminal): return "the terminal \(terminal.path)"
    default: return "something that this crtop does not know"
    }
  }
}
