/// Defines `JobTerminal`, the terminal that crtop lends to a job and takes back, with its modes.

internal import CLinux
internal import Glibc
internal import SystemCalls

/// The controlling terminal, wherever standard input comes from.
final class JobTerminal {
  private let file: OwnedDescriptor
  /// The modes before the job had the terminal, and those that the job had when it stopped.
  private let ownModes: termios
  private var jobModes: termios?
  /// Whether crtop had the terminal when it started; what it did not have it does not take.
  private let wasForeground: Bool
  /// Whether the foreground group is the job's, or one that the job has made it.
  private var isLent = false

  private var descriptor: Int32 { file.number }

  /// `nil` without a controlling terminal.
  init?() {
    guard let file = try? OwnedDescriptor.open("/dev/tty", O_RDWR) else { return nil }
    let group = tcgetpgrp(file.number)
    var modes = termios()
    guard group > 0, unsafe tcgetattr(file.number, &modes) == 0 else { return nil }
    self.file = file
    ownModes = modes
    wasForeground = group == getpgrp()
  }

  /// Makes the job's group the foreground group, if that is crtop's own group now and the root leads one.
  ///
  /// - Returns: whether the job has the terminal now.
  func give(to root: Int32) -> Bool {
    if isLent && tcgetpgrp(descriptor) == root { return true }
    guard tcgetpgrp(descriptor) == getpgrp(), getpgid(root) == root, getsid(root) == getsid(0) else { return false }
    if var jobModes { unsafe _ = tcsetattr(descriptor, TCSADRAIN, &jobModes) }
    isLent = tcsetpgrp(descriptor, root) == 0
    return isLent
  }

  /// Right after a restart, which gives the terminal to the job only where it is standard input.
  func lend(to root: Int32) {
    isLent = wasForeground && tcgetpgrp(descriptor) != getpgrp()
    if wasForeground && !isLent { _ = give(to: root) }
  }

  /// Makes crtop's group the foreground group again, and restores the modes. SIGTTOU must be blocked.
  func takeBack() {
    // A job in a session of its own cannot have it, but can have changed its modes.
    guard isLent || (wasForeground && tcgetpgrp(descriptor) == getpgrp()) else { return }
    isLent = false
    var modes = termios()
    if unsafe tcgetattr(descriptor, &modes) == 0 { jobModes = modes }
    _ = tcsetpgrp(descriptor, getpgrp())
    modes = ownModes
    unsafe _ = tcsetattr(descriptor, TCSADRAIN, &modes)
  }
}
