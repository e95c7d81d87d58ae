/// Defines `CompatCall`: system calls of the 32-bit ABI, which the kernel tells apart by the instruction that makes them.

internal import CLinux

/// Numbers of the 32-bit table (arch/x86/entry/syscalls/syscall_32.tbl), marked so that they cannot be taken for those of
/// the 64-bit one. A list of calls makes them by `int $0x80`.
public enum CompatCall {
  private static let mark = Int(CRTOP_COMPAT_CALL)

  /// Marks a number of the 32-bit table.
  public static func marked(_ plain: Int) -> Int { plain | mark }
  /// The number as the kernel knows it, of either table.
  public static func plainNumber(_ number: Int) -> Int { number & ~mark }
  /// Whether the number is one of the 32-bit table.
  public static func isCompat(_ number: Int) -> Bool { number & mark != 0 }

  public static let ipc = marked(117)
  public static let select = marked(142)
  public static let pselect = marked(308)
  public static let ppoll = marked(309)
  public static let pselectTime64 = marked(413)
  public static let ppollTime64 = marked(414)
  public static let signalWait = marked(177)  // rt_sigtimedwait
  public static let signalWaitTime64 = marked(421)
  public static let semaphoreTime64 = marked(420)
  public static let restartSystemCall = marked(0)
  public static let munmap = marked(91)
  public static let nanosleep = marked(162)
  public static let poll = marked(168)
  public static let signalAction = marked(174)  // rt_sigaction
  static let mapMemory = marked(192)  // mmap2
  public static let futex = marked(240)
  public static let clockNanosleep = marked(267)
  public static let setRobustList = marked(311)
  public static let getRobustList = marked(312)
  public static let clockNanosleepTime64 = marked(407)
  public static let futexTime64 = marked(422)

  /// Those that give EINTR when the task is stopped although no signal handler runs (signal(7)); semop(2) and calls on
  /// sockets may also come through ipc(2) and socketcall(2).
  public static let interruptedByStops: Set<Int> = Set(
    [
      82, 102, 117, 142,  // select, socketcall, ipc, _newselect
      177, 247, 256,  // rt_sigtimedwait, io_getevents, epoll_wait
      308, 309, 319, 337,  // pselect6, ppoll, epoll_pwait, recvmmsg
      364, 369, 370, 371, 372, 385,  // accept4, sendto, sendmsg, recvfrom, recvmsg, io_pgetevents
      413, 414, 416, 417,  // pselect6, ppoll, io_pgetevents, recvmmsg with 64-bit time
      420, 421, 441,  // semtimedop, rt_sigtimedwait with 64-bit time, epoll_pwait2
    ].map(marked))
}
