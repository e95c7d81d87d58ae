/// Opens everything that the job had open: files, pipes, devices, and what takes the terminal's place.

internal import CLinux
internal import CheckpointImage
internal import Glibc
internal import ImageSchema
internal import SystemCalls

struct FileOpening {
  let context: RestartContext
  private var shared: ImageSharedObjects { context.metadata.sharedObjects }

  private let trust: FileTrust

  init(_ context: RestartContext) {
    self.context = context
    trust = FileTrust(context.metadata)
  }

  /// Opens all; the first failure ends it. No process has been created yet.
  func run() throws(Problem) {
    try openMappedFiles()
    try openDirectories()
    try openPipes()
    for openFile in shared.openFiles {
      switch openFile.object {
      case .file(let id):
        let file = shared.file(id) ?? ImageSharedFile()
        let descriptor = try OpenFiles.reopen(openFile, path: file.path)
        try trust.check(descriptor, file, flags: Int32(bitPattern: openFile.flags) & (O_ACCMODE | O_DIRECTORY)) {
          $0.descriptors.contains { $0.openFile == openFile.id }
        }
        try keep(descriptor, openFile)
      case .device(let device):
        let descriptor = try OpenFiles.reopen(openFile, path: device.path)
        let number = descriptor.number
        guard let status = try? fileStatus(number), crtop_major(status.st_rdev) == device.major,
          crtop_minor(status.st_rdev) == device.minor
        else {
          throw Problem(
            errno: .invalidArgument, what: "the device \(device.path)",
            why: "it is another device than at the checkpoint",
            remedy: "make the device node as it was")
        }
        try keep(descriptor, openFile)
      case .pipe, .terminal: break
      case nil:
        throw Problem(
          errno: .invalidArgument, what: "open file \(openFile.id) in the image", why: "it refers to nothing")
      }
    }
    try openTerminals()
  }

  private func keep(_ descriptor: borrowing OwnedDescriptor, _ openFile: ImageOpenFile) throws(Problem) {
    context.inherited.setOpenFile(openFile.id, try context.inherited.adopt(descriptor))
  }

  private func open(_ path: String, _ flags: Int32, _ what: String) throws(Problem) -> OwnedDescriptor {
    do throws(Errno) { return try OwnedDescriptor.open(path, flags) } catch {
      throw error.problem("cannot open \(what)")
    }
  }

  private func adopt(_ path: String, _ flags: Int32, _ what: String) throws(Problem) -> Int32 {
    try context.inherited.adopt(try open(path, flags, what))
  }

  private func openMappedFiles() throws(Problem) {
    var wanted: [UInt32: (reading: Bool, writing: Bool)] = [:]
    for process in context.metadata.processes where process.state != .zombie {
      wanted[process.addressSpace.executable, default: (false, false)].reading = true
      for area in process.addressSpace.areas where area.kind == .filePrivate || area.kind == .fileShared {
        if area.openedForWriting {
          wanted[area.file, default: (false, false)].writing = true
        } else {
          wanted[area.file, default: (false, false)].reading = true
        }
      }
    }
    for (id, use) in wanted {
      guard let file = shared.file(id) else { continue }
      for writable in [false, true] where writable ? use.writing : use.reading {
        let flags = writable ? O_RDWR : O_RDONLY
        let descriptor = try open(file.path, flags, "\(file.path), which the job has mapped")
        try trust.check(descriptor, file, flags: flags) { process in
          let space = process.addressSpace
          return space.executable == id || space.areas.contains { $0.file == id && $0.openedForWriting == writable }
        }
        context.inherited.setFile(id, try context.inherited.adopt(descriptor), writable: writable)
      }
    }
  }

  /// Working directories.
  private func openDirectories() throws(Problem) {
    for process in context.metadata.processes where process.state != .zombie && process.sharedTables.fileSystem == 0 {
      let path = process.fileSystem.workingDirectory
      guard context.inherited.directory(path) == nil else { continue }
      let descriptor: OwnedDescriptor
      do throws(Errno) { descriptor = try OwnedDescriptor.open(path, Int32(CRTOP_O_PATH) | O_DIRECTORY) } catch {
        throw error.problem(
          task: TaskName(pid: process.pid, comm: process.comm), "cannot enter its working directory \(path)",
          remedy: "create the directory again")
      }
      var directory = process.fileSystem.directory
      // Only who may search it comes through it (path_resolution(7)).
      directory.path = path + "/."
      try trust.check(descriptor, directory, flags: Int32(CRTOP_O_PATH) | O_DIRECTORY) {
        $0.fileSystem.workingDirectory == path
      }
      context.inherited.setDirectory(path, try context.inherited.adopt(descriptor))
    }
  }

  private func openPipes() throws(Problem) {
    var descriptions: [UInt32: [ImageOpenFile]] = [:]
    for openFile in shared.openFiles {
      if case .pipe(let id) = openFile.object { descriptions[id, default: []].append(openFile) }
    }
    for pipe in shared.pipes {
      let ends = try Pipes.remake(pipe)
      var isUsed = (reader: false, writer: false)
      for openFile in descriptions[pipe.id] ?? [] {
        let flags = Int32(bitPattern: openFile.flags) & (O_ACCMODE | O_NONBLOCK | O_APPEND)
        switch flags & O_ACCMODE {
        case O_RDONLY where !isUsed.reader:
          isUsed.reader = true
          try keep(ends.reader, openFile, flags)
        case O_WRONLY where !isUsed.writer:
          isUsed.writer = true
          try keep(ends.writer, openFile, flags)
        default:
          // Opened anew: two descriptions of the same end are not the same description.
          let number = try adopt("/proc/self/fd/\(ends.reader.number)", flags, "an end of pipe \(pipe.id)")
          context.inherited.setOpenFile(openFile.id, number)
        }
      }
    }
  }

  /// Keeps an end of a new pipe, with the description's flags.
  private func keep(
    _ end: borrowing OwnedDescriptor, _ openFile: ImageOpenFile, _ flags: Int32
  ) throws(Problem) {
    let settings = flags & ~O_ACCMODE
    if settings != 0 {
      let number = end.number
      do throws(Errno) { _ = try systemCall { crtop_fcntl(number, F_SETFL, Int(settings)) } } catch {
        throw error.problem("cannot set the flags of a pipe")
      }
    }
    try keep(end, openFile)
  }

  // MARK: - Terminal

  private func openTerminals() throws(Problem) {
    guard let saved = Terminals.saved(in: shared) else { return }
    let sessionTerminal = Terminals.ofSession(context.processes.first?.image, context.request)
    if let path = sessionTerminal {
      context.inherited.sessionTerminal = try adopt(path, O_RDWR | O_NOCTTY, "the new terminal \(path)")
      let now = path == saved.path ? "again" : "now: it was \(saved.path)"
      context.report.event(.note(nil, "the job's terminal is \(path) \(now)"))
    }
    let terminals = shared.openFiles.filter { if case .terminal = $0.object { true } else { false } }
    guard let path = context.request.detached ? Terminals.stillUsable(saved) : sessionTerminal ?? Terminals.own() else {
      return context.inherited.setStandIns(try standIns(), for: terminals.map(\.id))
    }
    for openFile in terminals { try keep(try OpenFiles.reopen(openFile, path: path), openFile) }
    if context.request.detached { context.report.event(.note(nil, "the job has its terminal \(path) again")) }
  }

  /// Where the output of a detached job goes that had a terminal.
  static func log(of request: RestartRequest, _ header: ImageHeader) -> String {
    request.source == "-" ? "/tmp/crtop-\(header.rootPid).log" : request.source + ".log"
  }

  /// Without a terminal: in the foreground crtop's own input and output, detached a log file beside the image.
  private func standIns() throws(Problem) -> [Int32] {
    if context.request.detached {
      let log = Self.log(of: context.request, context.metadata.header)
      let output = try adopt(log, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW, "the log file \(log)")
      context.report.event(.note(nil, "the job's terminal is gone; its output goes to \(log)"))
      return [try adopt("/dev/null", O_RDONLY, "/dev/null"), output, output]
    }
    var numbers: [Int32] = []
    for number in Int32(0)..<3 {
      let copy: OwnedDescriptor
      do throws(Errno) { copy = try OwnedDescriptor.duplicating(number) } catch {
        throw error.problem("cannot give the job crtop's descriptor \(number) in place of its terminal")
      }
      numbers.append(try context.inherited.adopt(copy))
    }
    return numbers
  }
}
