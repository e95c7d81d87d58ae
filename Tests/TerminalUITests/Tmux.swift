import CLinux
import Glibc
import Synchronization
import SystemCalls
import TestSupport

/// A private tmux server with one session, in which a real terminal can be looked at. It ends with its owner.
final class Tmux {
  static let isAvailable = unsafe access("/usr/bin/tmux", X_OK) == 0
  private static let count = Counter()
  private let socket: String
  private var server: Int32 = 0
  private var path = ""

  /// Starts a shell in a terminal of the given size.
  init(width: Int, height: Int) throws {
    socket = "crtop-test-\(getpid())-\(Self.count.next())"
    try run([
      "-f", "/dev/null", "new-session", "-d", "-s", "s", "-x", "\(width)", "-y", "\(height)",
      "env LC_ALL=C.UTF-8 XDG_STATE_HOME=/nonexistent/state PS1='ready> ' TERM=screen-256color bash --norc --noprofile",
    ])
    let facts = try run(["display-message", "-p", "-t", "s", "#{pid} #{socket_path}"]).split { $0 == " " || $0 == "\n" }
    guard facts.count == 2, let pid = Int32(facts[0]) else { throw Errno.noSuchProcess }
    (server, path) = (pid, String(facts[1]))
    _ = try waitFor("ready>")
  }

  /// Not by `kill-server`: that sends SIGTERM, which the server ignores where the tests were started with it ignored.
  deinit {
    if server > 0 { kill(server, SIGKILL) }
    unsafe _ = unlink(path)
  }

  func keys(_ keys: String...) throws { try self.keys(keys) }
  func keys(_ keys: [String]) throws { try run(["send-keys", "-t", "s"] + keys) }

  /// Types a command line and Enter.
  func command(_ line: String) throws {
    try run(["send-keys", "-t", "s", "-l", line])
    try keys("Enter")
  }

  func resize(width: Int, height: Int) throws {
    try run(["resize-window", "-t", "s", "-x", "\(width)", "-y", "\(height)"])
  }

  func screen() throws -> String { try run(["capture-pane", "-p", "-t", "s"]) }

  /// Whether programs have the other screen, or have asked for the mouse; whether the cursor is shown.
  func modes() throws -> String {
    try run(["display-message", "-p", "-t", "s", "other=#{alternate_on} mouse=#{mouse_any_flag} cursor=#{cursor_flag}"])
  }

  /// The pid of the program that runs in the shell.
  func child() throws -> Int32 {
    let shell = try run(["display-message", "-p", "-t", "s", "#{pane_pid}"])
    let pid = shell.split(separator: "\n").first.map(String.init) ?? ""
    let children = try readText("/proc/\(pid)/task/\(pid)/children")
    guard let child = children.split(separator: " ").first.flatMap({ Int32($0) }) else { throw Errno.noSuchProcess }
    return child
  }

  /// Looks until the screen satisfies a condition.
  func waitUntil(_ what: String, _ condition: (String) -> Bool) throws -> String {
    var last = ""
    do {
      return try eventually(what, every: 20_000) {
        last = try screen()
        return condition(last) ? last : nil
      }
    } catch { throw TestFailure("\(error); the screen shows:\n\(last)") }
  }

  func waitFor(_ text: String) throws -> String { try waitUntil("'\(text)'") { $0.contains(text) } }

  @discardableResult
  private func run(_ arguments: [String]) throws -> String {
    let ends = try PipeEnds()
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    unsafe posix_spawn_file_actions_adddup2(&actions, ends.writer.number, 1)
    // Whatever the tests were started with: in the terminal, signals are as a user's shell has them.
    var attributes = posix_spawnattr_t()
    unsafe posix_spawnattr_init(&attributes)
    defer { unsafe posix_spawnattr_destroy(&attributes) }
    var (none, all) = (sigset_t(), sigset_t())
    unsafe sigemptyset(&none)
    unsafe sigfillset(&all)
    unsafe posix_spawnattr_setsigmask(&attributes, &none)
    unsafe posix_spawnattr_setsigdefault(&attributes, &all)
    unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
    var pid: Int32 = 0
    try unsafe (["tmux", "-L", socket] + arguments).withArgumentVector { words throws(Errno) in
      let error = unsafe posix_spawn(&pid, "/usr/bin/tmux", &actions, &attributes, words, Glibc.environ)
      guard error == 0 else { throw Errno(rawValue: error) }
    }
    let input = ends.keepReader()
    var text: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 16384)
    while true {
      let got = try systemCall { unsafe Glibc.read(input.number, &buffer, buffer.count) }
      if got == 0 { break }
      text += buffer[..<got]
    }
    var status: Int32 = 0
    _ = try systemCall { unsafe waitpid(pid, &status, 0) }
    guard status == 0 else {
      throw Problem(errno: .ioError, what: "tmux \(arguments.joined(separator: " "))", why: "it ended with \(status)")
    }
    return String(decoding: text, as: UTF8.self)
  }
}

/// Numbers for the names of sockets.
private final class Counter: Sendable {
  private let value = Mutex(0)
  func next() -> Int {
    value.withLock { value in
      value += 1
      return value
    }
  }
}

/// Whether there was such a file to remove.
@discardableResult
func removeFile(_ path: String) -> Bool { unsafe unlink(path) == 0 }

/// Removes a file or an empty directory, if it is there.
func removeAny(_ path: String) { unsafe _ = remove(path) }

func ownPid() -> Int32 { getpid() }

extension Sandbox {
  /// An image of a job `sleep 54325` in the sandbox's store.
  func imageOfSleep(kill: Bool) throws -> (job: ChildProcess, image: String) {
    let job = try ChildProcess("/usr/bin/sleep", ["54325"], environment: environment, ownSession: true)
    _ = try systemCall { unsafe mkdir(self["images"], 0o700) }
    let image = self["images/sleep.crtop"]
    let arguments = ["checkpoint", "\(job.pid)", "-o", image] + (kill ? ["--kill"] : [])
    let outcome = try crtop(arguments)
    guard outcome.status == .exited(0) else { throw TestFailure(outcome.summary) }
    if kill { _ = try job.wait() }
    return (job, image)
  }
}
