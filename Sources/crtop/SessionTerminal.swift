/// Defines `SessionTerminal`: a new terminal for a job that leads a session, shown in crtop's own.

internal import CLinux
internal import Glibc
internal import SystemCalls

/// A pseudo-terminal (pty(7)). What is typed goes to its other end, what the job writes comes from there. A session cannot
/// have a terminal that another session has, so it cannot be given crtop's.
final class SessionTerminal {
  let path: String
  private let master: OwnedDescriptor
  private var ownModes = termios()
  /// What the job has not taken yet.
  private var typed: [UInt8] = []
  private var isAtEnd = false

  /// `nil` where standard input or output is not a terminal, or where there are no pseudo-terminals.
  init?() {
    guard isatty(1) == 1, unsafe tcgetattr(0, &ownModes) == 0 else { return nil }
    do throws(Errno) {
      master = OwnedDescriptor(adopting: try systemCall { posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK) })
      let number = master.number
      _ = try systemCall { grantpt(number) }
      _ = try systemCall { unlockpt(number) }
      var name = [CChar](repeating: 0, count: 64)
      let error = unsafe name.withUnsafeMutableBufferPointer { buffer in
        unsafe buffer.baseAddress.map { unsafe ptsname_r(number, $0, buffer.count) }
      }
      guard error == 0 else { return nil }
      path = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    } catch { return nil }
  }

  /// Whether it is the controlling terminal of a process.
  func isTerminal(of pid: Int32) -> Bool { tcgetsid(master.number) == getsid(pid) }

  /// From now on keys go to the job as they come.
  func begin() {
    var modes = ownModes
    unsafe cfmakeraw(&modes)
    unsafe _ = tcsetattr(0, TCSADRAIN, &modes)
    adaptSize()
  }

  /// Gives crtop's terminal its own modes back.
  func end() {
    var modes = ownModes
    unsafe _ = tcsetattr(0, TCSADRAIN, &modes)
  }

  /// Makes the job's window as large as crtop's.
  func adaptSize() {
    var size = winsize()
    unsafe withUnsafeMutablePointer(to: &size) { pointer in
      guard unsafe crtop_ioctl(0, UInt(TIOCGWINSZ), pointer) == 0 else { return }
      _ = unsafe crtop_ioctl(master.number, UInt(TIOCSWINSZ), pointer)
    }
  }

  /// For poll(2). Keys are taken when those before have been.
  var watched: [pollfd] {
    [
      pollfd(fd: typed.isEmpty && !isAtEnd ? 0 : -1, events: Int16(POLLIN), revents: 0),
      pollfd(fd: master.number, events: Int16(typed.isEmpty ? POLLIN : POLLIN | POLLOUT), revents: 0),
    ]
  }

  /// Moves what there is in both directions.
  func transfer(_ ready: ArraySlice<pollfd>) {
    if let input = ready.first, input.revents != 0 {
      typed = bytes(from: 0)
      isAtEnd = typed.isEmpty
    }
    if !typed.isEmpty {
      let number = master.number
      let taken = try? systemCall { unsafe typed.withUnsafeBytes { unsafe write(number, $0.baseAddress, $0.count) } }
      typed.removeFirst(taken ?? 0)
    }
    guard let output = ready.last, output.revents != 0 else { return }
    let written = bytes(from: master.number)
    show(written)
    // A job that has closed all its descriptors of the terminal may open it again: poll(2) tells nothing else until then.
    if written.isEmpty && output.revents & Int16(POLLHUP) != 0 { pause(milliseconds: 20) }
  }

  /// Shows what the job has still written before its end.
  func drain() {
    while case let rest = bytes(from: master.number), !rest.isEmpty { show(rest) }
  }

  private func bytes(from descriptor: Int32) -> [UInt8] {
    var buffer = [UInt8](repeating: 0, count: 16384)
    let got = try? systemCall {
      unsafe buffer.withUnsafeMutableBytes { unsafe read(descriptor, $0.baseAddress, $0.count) }
    }
    return Array(buffer.prefix(max(0, got ?? 0)))
  }

  private func show(_ bytes: [UInt8]) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let written = try? systemCall { unsafe rest.withUnsafeBytes { unsafe write(1, $0.baseAddress, $0.count) } }
      guard let written, written > 0 else { return }
      rest.removeFirst(written)
    }
  }
}
