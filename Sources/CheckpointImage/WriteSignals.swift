/// Lets a write fail with EPIPE or EFBIG where the kernel would kill the writer with SIGPIPE or SIGXFSZ.

internal import CLinux
internal import SystemCalls

/// Runs `body` with both signals blocked in this thread, and takes away those that it caused.
///
/// A library may not change what the whole program does on a signal.
func withoutWriteSignals<R>(_ body: () throws(Errno) -> R) throws(Errno) -> R {
  var both = sigset_t()
  var before = sigset_t()
  unsafe sigemptyset(&both)
  unsafe sigaddset(&both, SIGPIPE)
  unsafe sigaddset(&both, SIGXFSZ)
  guard unsafe pthread_sigmask(SIG_BLOCK, &both, &before) == 0 else { return try body() }
  defer { unsafe _ = pthread_sigmask(SIG_SETMASK, &before, nil) }
  do throws(Errno) {
    return try body()
  } catch {
    if error == .brokenPipe || error == .fileTooLarge {
      var caused = sigset_t()
      var now = timespec()
      unsafe sigemptyset(&caused)
      unsafe sigaddset(&caused, error == .brokenPipe ? SIGPIPE : SIGXFSZ)
      // Both are sent to the thread that writes, so that it is pending here if anywhere.
      unsafe _ = sigtimedwait(&caused, nil, &now)
    }
    throw error
  }
}
