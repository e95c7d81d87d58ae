/// Defines `SignalSource`, which brings signals into the event loop as readable data.

internal import CLinux
internal import Glibc
internal import SystemCalls

/// Signals blocked and read through signalfd(2), so that no code runs in handlers. Unblocked again at the end.
///
/// To be made before other threads are: they inherit the mask.
struct SignalSource: ~Copyable {
  private let file: OwnedDescriptor
  /// What was blocked before this was made.
  let maskBefore: sigset_t
  private static let watched = [SIGWINCH, SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGTSTP, SIGCONT]

  init() throws(Errno) {
    var set = sigset_t()
    unsafe sigemptyset(&set)
    for signal in Self.watched { unsafe sigaddset(&set, signal) }
    var before = sigset_t()
    let error = unsafe pthread_sigmask(SIG_BLOCK, &set, &before)
    guard error == 0 else { throw Errno(rawValue: error) }
    // The kernel's signal set is the first 8 bytes of the C library's.
    let number = try unsafe withUnsafePointer(to: &set) { pointer throws(Errno) in
      try rawSystemCall(Int(SYS_signalfd4), -1, Int(bitPattern: pointer), 8, Int(O_CLOEXEC | O_NONBLOCK))
    }
    maskBefore = before
    file = OwnedDescriptor(adopting: Int32(number))
  }

  deinit {
    var before = maskBefore
    unsafe _ = pthread_sigmask(SIG_SETMASK, &before, nil)
  }

  /// For poll(2).
  var descriptor: Int32 { file.number }

  /// The next signal that has arrived.
  func next() -> Int32? {
    // struct signalfd_siginfo: 128 bytes, the signal's number in the first four.
    var record = [UInt32](repeating: 0, count: 32)
    let got = try? systemCall { unsafe record.withUnsafeMutableBytes { unsafe read(file.number, $0.baseAddress, 128) } }
    return got == 128 ? Int32(bitPattern: record[0]) : nil
  }

  /// Stops the whole program as Ctrl-Z does, and returns when it goes on.
  func stopHere() {
    var set = sigset_t()
    unsafe sigemptyset(&set)
    unsafe sigaddset(&set, SIGTSTP)
    // ncurses has put a handler of its own there.
    let handler = signal(SIGTSTP, SIG_DFL)
    kill(getpid(), SIGTSTP)
    unsafe _ = pthread_sigmask(SIG_UNBLOCK, &set, nil)
    unsafe _ = pthread_sigmask(SIG_BLOCK, &set, nil)
    _ = signal(SIGTSTP, handler)
  }
}
