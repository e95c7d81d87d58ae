/// Defines `JobTerminal`, the terminal that crtop lends to a job and takes back, with its modes.

internal import CLinux
internal import Glibc
internal import SystemCalls

/// Standard input, where it is crtop's controlling terminal.
struct JobTerminal {
  private let descriptor: Int32 = STDIN_FILENO
  /// The modes before the job had the terminal, and those that the job had when it stopped.
  private let ownModes: termios
  private var jobModes: termios?
  /// Whether crtop had the terminal when it started; what it did not have it does not take.
  private let wasForeground: Bool

  /// `nil` where standard input is no controlling terminal.
  init?() {
    let group = tcgetpgrp(descriptor)
    var modes = termios()
    guard group > 0, unsafe tcgetattr(descriptor, &modes) == 0 else { return nil }
    ownModes = modes
    wasForeground = group == getpgrp()
  }

  /// Makes the job's group the foreground group, if that is crtop's own group now and the root leads one.
  mutating func give(to root: Int32) -> Bool {
    guard tcgetpgrp(descriptor) == getpgrp(), getpgid(root) == root, getsid(root) == getsid(0) else { return false }
    if var jobModes { unsafe _ = tcsetattr(descriptor, TCSADRAIN, &jobModes) }
    return tcsetpgrp(descriptor, root) == 0
  }

  /// Makes crtop's group the foreground group again if the job's is, and restores the modes. SIGTTOU must be blocked.
  mutating func takeBack(from root: Int32) {
    let group = tcgetpgrp(descriptor)
    // When its last process has ended, the group is gone and the terminal still shows it.
    guard group == root || (group == getpgrp() && wasForeground) else { return }
    var modes = termios()
    if unsafe tcgetattr(descriptor, &modes) == 0 { jobModes = modes }
    if group == root { _ = tcsetpgrp(descriptor, getpgrp()) }
    modes = ownModes
    unsafe _ = tcsetattr(descriptor, TCSADRAIN, &modes)
  }
}
