/// What several programs of one terminal have to agree on: its foreground group and its window's size.

internal import CLinux
internal import Glibc

/// Runs `body` as a background process may not: without SIGTTOU a terminal takes its modes and its group from anybody.
public func withoutTerminalStops(_ body: () -> Void) {
  var stops = sigset_t()
  var before = sigset_t()
  unsafe sigemptyset(&stops)
  unsafe sigaddset(&stops, SIGTTOU)
  unsafe _ = pthread_sigmask(SIG_BLOCK, &stops, &before)
  body()
  unsafe _ = pthread_sigmask(SIG_SETMASK, &before, nil)
}

/// tcsetpgrp(3), also from the background; what is no terminal stays as it is.
public func setForegroundGroup(_ group: Int32, of terminal: Int32) {
  withoutTerminalStops { _ = tcsetpgrp(terminal, group) }
}

/// TIOCGWINSZ; `nil` where the descriptor is no terminal.
public func windowSize(_ descriptor: Int32) -> (rows: Int, columns: Int)? {
  var (rows, columns): (Int32, Int32) = (0, 0)
  guard unsafe crtop_window_size(descriptor, &rows, &columns) == 0 else { return nil }
  return (Int(rows), Int(columns))
}
