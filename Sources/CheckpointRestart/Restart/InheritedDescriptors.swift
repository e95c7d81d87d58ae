/// Defines `InheritedDescriptors`: all open files of the job, opened once by crtop; the new tasks get them by fork(2).

internal import CLinux
internal import Glibc
internal import ImageSchema
internal import SystemCalls
internal import Tracing

/// Descriptors above all numbers that the job uses. They are closed when the restart is over.
final class InheritedDescriptors {
  /// The first number that no task of the job uses.
  let base: Int32
  private var openFiles: [UInt32: Int32] = [:]
  private var files: [UInt32: (reading: Int32, writing: Int32)] = [:]
  private var numbers: [Int32] = []
  private var directories: [String: Int32] = [:]
  /// What stands in for the terminal: input, output, error.
  private var standIns: [Int32] = []
  private var terminals: Set<UInt32> = []
  /// The terminal that the root is to take for its session.
  var sessionTerminal: Int32?

  init(_ processes: [ImageProcess]) {
    let highest = processes.lazy.flatMap(\.descriptors).map(\.number).max() ?? 0
    base = max(64, Int32(clamping: highest) + 1)
  }

  deinit { for number in numbers { _ = Glibc.close(number) } }

  /// Keeps a copy of a descriptor at a number of ours.
  func adopt(_ descriptor: borrowing OwnedDescriptor) throws(Problem) -> Int32 {
    do throws(Errno) {
      let number = try OwnedDescriptor.duplicating(descriptor.number, atLeast: base).release()
      numbers.append(number)
      return number
    } catch {
      throw error.problem("cannot hold all open files of the job", remedy: "raise the limit on open files (ulimit -n)")
    }
  }

  func setDirectory(_ path: String, _ number: Int32) { directories[path] = number }

  /// A working directory.
  func directory(_ path: String) -> Int32? { directories[path] }

  func setOpenFile(_ id: UInt32, _ number: Int32) { openFiles[id] = number }

  /// The place of these terminals is taken by descriptors chosen by slot: input, output, error.
  func setStandIns(_ numbers: [Int32], for ids: [UInt32]) {
    standIns = numbers
    terminals = Set(ids)
  }

  func setFile(_ id: UInt32, _ number: Int32, writable: Bool) {
    var pair = files[id] ?? (-1, -1)
    if writable { pair.writing = number } else { pair.reading = number }
    files[id] = pair
  }

  /// Where an open file description is; `slot`, the number it will get, matters for a terminal's stand-ins only.
  func openFile(_ id: UInt32, slot: UInt32) -> Int32? {
    if terminals.contains(id), let last = standIns.last { return slot < 3 ? standIns[Int(slot)] : last }
    return openFiles[id]
  }

  func mappedFile(_ id: UInt32, writable: Bool) -> Int32? {
    guard let pair = files[id] else { return nil }
    let number = writable ? pair.writing : pair.reading
    return number >= 0 ? number : nil
  }

  /// Lets a task keep them when it executes a program.
  func keepOnExecution(_ calls: inout RemoteCalls) {
    for number in numbers {
      calls.call(
        Int(SYS_fcntl), UInt64(number), UInt64(F_SETFD), 0, expecting: .value(0), naming: "descriptor (F_SETFD)")
    }
  }

  /// Owners and locks, when the processes that may own them exist.
  func applySettings(_ shared: ImageSharedObjects) throws(Problem) {
    for openFile in shared.openFiles {
      guard let number = openFiles[openFile.id] else { continue }
      try OpenFiles.applySettings(openFile, to: number, path: shared.description(of: openFile))
    }
  }
}

extension ImageSharedObjects {
  /// The file with an id; ids count from 1.
  func file(_ id: UInt32) -> ImageSharedFile? {
    let index = Int(id) - 1
    return files.indices.contains(index) ? files[index] : nil
  }

  /// For messages.
  func description(of openFile: ImageOpenFile) -> String {
    switch openFile.object {
    case .file(let id): file(id)?.path ?? "file \(id)"
    case .pipe(let id): "pipe \(id)"
    case .device(let device): device.path
    case .terminal(let terminal): terminal.path
    case nil: "open file \(openFile.id)"
    }
  }
}
