/// The terminal that a job was started from: its modes, its window's size, its foreground group. A restart gives the job
/// another terminal.

internal import CLinux
internal import CheckpointImage
internal import FoundationEssentials
internal import Glibc
internal import ImageSchema
internal import SystemCalls
internal import Tracing

enum Terminals: ProcessState {
  /// TCGETS2, TCSETS2 (ioctl_tty(2)), and the size of struct termios2.
  private static let (getModes, setModes): (UInt, UInt) = (0x802c_542a, 0x402c_542b)
  static let modesSize = 44

  /// Pseudo-terminal slaves, virtual consoles and serial lines, /dev/tty, /dev/console (devices.txt).
  static func isTerminal(_ device: dev_t) -> Bool {
    let (major, minor) = (crtop_major(device), crtop_minor(device))
    return (136...143).contains(major) || major == 4 || (major == 5 && minor < 2)
  }

  // MARK: - Checkpoint

  static func inspect(_ process: JobProcess, _ context: CheckpointContext) {
    guard process.stat.terminal != 0 else { return }
    process.image.controllingTerminal = process.stat.sid == process.pid
    let group = process.stat.foregroundGroup
    if process.pid == context.root && context.processes.contains(where: { $0.stat.pgid == group }) {
      process.image.foregroundGroup = group
    }
  }

  static func inspect(
    _ slot: DescriptorSlot, _ copy: Int32, _ status: stat, _ link: String, _ context: CheckpointContext
  ) -> ImageTerminal? {
    var image = ImageTerminal()
    image.path = link
    image.controlling = crtop_major(status.st_rdev) == 5 && crtop_minor(status.st_rdev) == 0
    image.device = UInt64(status.st_rdev)
    var modes = Data(count: modesSize)
    if unsafe modes.withUnsafeMutableBytes({ unsafe crtop_ioctl(copy, getModes, $0.baseAddress) }) == 0 {
      image.modes = modes
    }
    if let size = windowSize(copy) { (image.rows, image.columns) = (UInt32(size.rows), UInt32(size.columns)) }
    if image.controlling { return image }
    if !context.shared.isOnlyTerminal(image.device) {
      slot.refuse(
        context, link, why: "it is another terminal than the one the rest of the job uses",
        remedy: "let the program close one of the terminals")
      return nil
    }
    return image
  }

  // MARK: - Restart

  /// The terminal that the job had: by its own name rather than as /dev/tty. `nil`: it had none.
  static func saved(in shared: ImageSharedObjects) -> ImageTerminal? {
    var saved: ImageTerminal?
    for openFile in shared.openFiles {
      guard case .terminal(let terminal) = openFile.object else { continue }
      if saved == nil || saved?.controlling == true { saved = terminal }
    }
    return saved
  }

  /// crtop's own terminal, by the first of its standard descriptors that is one.
  static func own() -> String? {
    for number in [Int32(0), 1, 2] where isatty(number) == 1 {
      if let path = try? readLink("/proc/self/fd/\(number)") { return path }
    }
    return nil
  }

  /// The saved terminal, if it is still there and still belongs to the caller.
  static func stillUsable(_ saved: ImageTerminal) -> String? {
    guard !saved.controlling, let status = try? fileStatus(saved.path), UInt64(status.st_rdev) == saved.device,
      status.st_uid == getuid(), let descriptor = try? OwnedDescriptor.open(saved.path, O_RDWR | O_NOCTTY),
      isatty(descriptor.number) == 1
    else { return nil }
    return saved.path
  }

  /// The terminal for a job whose root leads the terminal's session, and was given one for that.
  static func ofSession(_ root: ImageProcess?, _ request: RestartRequest) -> String? {
    root?.controllingTerminal == true && !request.detached ? request.sessionTerminal : nil
  }

  /// The session's leader takes the terminal, as it was, and gives it to the group that had it.
  static func restore(
    _ process: RestartingProcess, _ context: RestartContext, _ calls: inout RemoteCalls
  ) throws(Problem) {
    guard process.pid == context.processes.first?.pid, let number = context.inherited.sessionTerminal else { return }
    if let saved = saved(in: context.metadata.sharedObjects) {
      apply(saved, to: number)
      var size = winsize(
        ws_row: UInt16(clamping: saved.rows), ws_col: UInt16(clamping: saved.columns), ws_xpixel: 0, ws_ypixel: 0)
      _ = unsafe withUnsafeMutablePointer(to: &size) { unsafe crtop_ioctl(number, UInt(TIOCSWINSZ), $0) }
    }
    calls.call(
      Int(SYS_ioctl), UInt64(number), UInt64(TIOCSCTTY), 0, expecting: .value(0),
      naming: "controlling terminal (TIOCSCTTY)")
    if process.image.foregroundGroup != 0 {
      let group = calls.place(words: [UInt64(UInt32(bitPattern: process.image.foregroundGroup))])
      calls.call(
        Int(SYS_ioctl), UInt64(number), UInt64(TIOCSPGRP), group, expecting: .value(0),
        naming: "foreground group (TIOCSPGRP)")
    }
  }

  private static func apply(_ saved: ImageTerminal, to descriptor: Int32) {
    guard saved.modes.count == modesSize else { return }
    var modes = saved.modes
    _ = unsafe modes.withUnsafeMutableBytes { unsafe crtop_ioctl(descriptor, setModes, $0.baseAddress) }
  }

  /// In the foreground the job's group gets crtop's terminal, as a shell does it: the group that had it, and with the modes
  /// that it had given it; else the root's.
  static func give(_ context: RestartContext) {
    guard !context.request.detached, let root = context.processes.first?.image, root.pgid == root.pid,
      root.sid != root.pid, isatty(0) == 1, tcgetpgrp(0) == getpgrp()
    else { return }
    guard root.foregroundGroup != 0, let saved = saved(in: context.metadata.sharedObjects) else {
      return setForegroundGroup(root.pid, of: 0)
    }
    withoutTerminalStops { apply(saved, to: 0) }
    setForegroundGroup(root.foregroundGroup, of: 0)
    // What the kernel says when a window gets another size.
    if let size = windowSize(0), saved.rows != 0, (Int(saved.rows), Int(saved.columns)) != (size.rows, size.columns) {
      _ = kill(-root.foregroundGroup, SIGWINCH)
    }
  }
}
