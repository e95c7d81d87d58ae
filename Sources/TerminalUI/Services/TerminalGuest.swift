/// Defines `TerminalGuest`, a program that has the terminal while the screen is away.

internal import CLinux
internal import Glibc
package import ProcessTree
internal import SystemCalls

/// This program, started anew with other arguments, in the same process group: the shell sees one job.
package enum TerminalGuest {
  /// What it has done.
  package enum Change: Sendable {
    case stopped
    case ended(ExitStatus)
  }

  /// - Parameter mask: the signals that it is to have blocked.
  static func start(_ arguments: [String], mask: sigset_t) throws(Errno) -> Int32 {
    var attributes = posix_spawnattr_t()
    unsafe posix_spawnattr_init(&attributes)
    defer { unsafe posix_spawnattr_destroy(&attributes) }
    var mask = mask
    unsafe posix_spawnattr_setsigmask(&attributes, &mask)
    unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
    return unsafe try arguments.withArgumentVector { words throws(Errno) in
      var pid: Int32 = 0
      let error = unsafe posix_spawn(&pid, "/proc/self/exe", nil, &attributes, words, Glibc.environ)
      guard error == 0 else { throw Errno(rawValue: error) }
      return pid
    }
  }

  /// Waits until it stops or ends; called on a thread of its own.
  static func wait(for pid: Int32) -> Change {
    var status: Int32 = 0
    guard (try? systemCall({ unsafe waitpid(pid, &status, WUNTRACED) })) == pid else {
      return .ended(ExitStatus(rawValue: 0))
    }
    return crtop_wifstopped(status) ? .stopped : .ended(ExitStatus(rawValue: status))
  }
}
