/// The terminal that a job was started from. It is not part of the job: a restart gives the job another one.

internal import CLinux
internal import ImageSchema
internal import SystemCalls

enum Terminals {
  /// Pseudo-terminal slaves, virtual consoles and serial lines, /dev/tty, /dev/console (devices.txt).
  static func isTerminal(_ device: dev_t) -> Bool {
    let (major, minor) = (crtop_major(device), crtop_minor(device))
    return (136...143).contains(major) || major == 4 || (major == 5 && minor < 2)
  }

  static func inspect(
    _ slot: DescriptorSlot, _ status: stat, _ link: String, _ context: CheckpointContext
  ) -> ImageTerminal? {
    var image = ImageTerminal()
    image.path = link
    image.controlling = crtop_major(status.st_rdev) == 5 && crtop_minor(status.st_rdev) == 0
    image.device = UInt64(status.st_rdev)
    if image.controlling { return image }
    if !context.shared.isOnlyTerminal(image.device) {
      slot.refuse(
        context, link, why: "it is another terminal than the one the rest of the job uses",
        remedy: "let the program close one of the terminals")
      return nil
    }
    return image
  }

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
}
