/// Defines `SignalQueue`, which turns the signals sent to crtop into data, so that none ends it in the middle of a step.

internal import CLinux
internal import Glibc
internal import ProcessTree
internal import SystemCalls

/// A signal that has arrived.
struct ArrivedSignal {
  var number: Int32
  /// Sent by the kernel, as a terminal's keys do, and not by kill(2).
  var isFromKernel: Bool

  /// Whether it asks a program to end.
  var endsOperation: Bool { [SIGINT, SIGTERM, SIGHUP, SIGQUIT].contains(number) }
}

/// Blocks signals and reads them through signalfd(2). To be made before other threads are: they inherit the mask.
final class SignalQueue {
  private let file: OwnedDescriptor
  private static let read: [Int32] = [
    SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGTSTP, SIGCONT, SIGWINCH, SIGCHLD,
  ]
  /// Blocked and never read: writing to a terminal or a pipe may fail but not stop or end crtop.
  private static let held: [Int32] = [SIGTTOU, SIGTTIN, SIGPIPE]

  init() throws(Errno) {
    // An ignored SIGCHLD, which is inherited, would have the kernel reap the job's root before we can ask for its status.
    _ = signal(SIGCHLD, SIG_DFL)
    var blocked = Self.set(Self.read + Self.held)
    let error = unsafe pthread_sigmask(SIG_BLOCK, &blocked, nil)
    guard error == 0 else { throw Errno(rawValue: error) }
    var wanted = Self.set(Self.read)
    // The kernel's signal set is the first 8 bytes of the C library's.
    let number = try unsafe withUnsafePointer(to: &wanted) { pointer throws(Errno) in
      try rawSystemCall(Int(SYS_signalfd4), -1, Int(bitPattern: pointer), 8, Int(O_CLOEXEC | O_NONBLOCK))
    }
    file = OwnedDescriptor(adopting: Int32(number))
  }

  /// For poll(2).
  var descriptor: Int32 { file.number }

  /// All that have arrived, in the kernel's order.
  func takeAll() -> [ArrivedSignal] {
    var arrived: [ArrivedSignal] = []
    // struct signalfd_siginfo: 128 bytes, the number in the first word, the code in the third.
    var record = [UInt32](repeating: 0, count: 32)
    while true {
      let got = try? systemCall {
        unsafe record.withUnsafeMutableBytes { unsafe Glibc.read(file.number, $0.baseAddress, 128) }
      }
      guard got == 128 else { return arrived }
      arrived.append(
        ArrivedSignal(number: Int32(bitPattern: record[0]), isFromKernel: Int32(bitPattern: record[2]) > 0))
    }
  }

  /// Ends this program as `signal` ends a program, without a core file of its own.
  static func die(by signal: SignalNumber) {
    var none = rlimit(rlim_cur: 0, rlim_max: 0)
    unsafe _ = setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none)
    _ = Glibc.signal(signal.rawValue, SIG_DFL)
    kill(getpid(), signal.rawValue)
    var one = set([signal.rawValue])
    unsafe _ = pthread_sigmask(SIG_UNBLOCK, &one, nil)
  }

  private static func set(_ signals: [Int32]) -> sigset_t {
    var set = sigset_t()
    unsafe sigemptyset(&set)
    for signal in signals { unsafe sigaddset(&set, signal) }
    return set
  }
}
