/// Defines `ChildProcess`, a program that a test starts, waits for with a deadline, and never leaves behind.

internal import CLinux
internal import CTestSupport
internal import Glibc
internal import SystemCalls

/// How a process ended.
package enum ExitStatus: Hashable, CustomStringConvertible {
  case exited(Int32)
  case killed(Int32)

  /// - Parameter status: as wait(2) gives it.
  package init(waitStatus status: Int32) {
    self = crtop_wifexited(status) ? .exited(crtop_wexitstatus(status)) : .killed(crtop_wtermsig(status))
  }

  package var description: String {
    switch self {
    case .exited(let code): "exit status \(code)"
    case .killed(let signal): "death by signal \(signal)"
    }
  }
}

/// A child of the test process.
package final class ChildProcess {
  /// Where the standard descriptors of a child lead.
  package struct Streams {
    /// Paths; opened for reading, and for appending.
    package var input = "/dev/null"
    package var output = "/dev/null"
    package var errors = "/dev/null"
    /// A descriptor of ours to be standard input instead of `input`.
    package var inputDescriptor: Int32?
    /// A descriptor of ours to be standard output instead of `output`.
    package var outputDescriptor: Int32?

    package init() {}
  }

  package let pid: Int32
  package private(set) var status: ExitStatus?

  /// Starts a program.
  ///
  /// - Parameters:
  ///   - ownSession: whether the child leads a session of its own, as a job under a service manager does.
  ///   - directory: its working directory.
  package init(
    _ program: String, _ arguments: [String], streams: Streams = Streams(), environment: [String: String] = [:],
    ownSession: Bool = false, directory: String? = nil
  ) throws {
    let append = O_WRONLY | O_CREAT | O_APPEND
    let input = try Self.stream(streams.inputDescriptor, streams.input, O_RDONLY)
    let output = try Self.stream(streams.outputDescriptor, streams.output, append)
    let errors = try Self.stream(nil, streams.errors, append)
    var variables = currentEnvironment()
    variables.merge(environment) { $1 }

    var child: pid_t = 0
    let error = unsafe withCStrings([program] + arguments) { argv in
      unsafe withCStrings(variables.map { "\($0.key)=\($0.value)" }) { envp in
        unsafe withOptionalCString(directory) { directory in
          unsafe program.withCString { path in
            var request = unsafe test_spawn(
              program: path, arguments: argv, environment: envp, directory: directory,
              descriptors: (input.number, output.number, errors.number), own_session: ownSession)
            return unsafe test_spawn(&request, &child)
          }
        }
      }
    }
    guard error == 0 else { throw TestFailure("\(program) cannot be started: \(Errno(rawValue: error))") }
    pid = child
  }

  deinit {
    guard status == nil else { return }
    _ = CLinux.kill(pid, SIGKILL)
    _ = try? systemCall { waitpid(pid, nil, 0) }
  }

  /// The status if the process has ended; does not wait.
  package func poll() throws -> ExitStatus? {
    if let status { return status }
    status = try reap(pid)
    return status
  }

  /// Waits for the end; kills the process when it does not come in time.
  @discardableResult
  package func wait(seconds: Double = 30) throws -> ExitStatus {
    do {
      return try eventually("the end of process \(pid)", seconds: seconds) { try self.poll() }
    } catch {
      kill(SIGKILL)
      throw error
    }
  }

  package func kill(_ signal: Int32) {
    if status == nil { _ = CLinux.kill(pid, signal) }
  }

  /// The given descriptor, or the file opened; above 2, so that making it 0, 1 or 2 of the child harms no other.
  private static func stream(_ descriptor: Int32?, _ path: String, _ flags: Int32) throws(Errno) -> OwnedDescriptor {
    if let descriptor { return try .duplicating(descriptor, atLeast: 3) }
    let file = try OwnedDescriptor.open(path, flags, mode: 0o644)
    return try .duplicating(file.number, atLeast: 3)
  }
}

/// wait4 for one child, without waiting; `nil`: it lives. Throws ECHILD for what is not a child of ours.
package func reap(_ pid: Int32) throws -> ExitStatus? {
  var status: Int32 = 0
  let got = try systemCall { unsafe waitpid(pid, &status, WNOHANG) }
  return got == pid ? ExitStatus(waitStatus: status) : nil
}

/// The environment of the test runner.
private func currentEnvironment() -> [String: String] {
  guard let text = try? readText("/proc/self/environ") else { return [:] }
  var variables: [String: String] = [:]
  for entry in text.split(separator: "\0") {
    let parts = entry.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    if parts.count == 2 { variables[String(parts[0])] = String(parts[1]) }
  }
  return variables
}

/// Lends the strings as a null-terminated array of C strings.
private func withCStrings<Result>(
  _ strings: [String], _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Result
) -> Result {
  var pointers = unsafe strings.map { unsafe strdup($0) } + [nil]
  defer { unsafe pointers.forEach { unsafe free($0) } }
  return unsafe pointers.withUnsafeMutableBufferPointer { buffer in
    guard let base = buffer.baseAddress else { preconditionFailure("an array with a last nil is not empty") }
    return unsafe body(base)
  }
}

/// Lends the string, or a null pointer for `nil`.
private func withOptionalCString<Result>(_ string: String?, _ body: (UnsafePointer<CChar>?) -> Result) -> Result {
  guard let string else { return body(nil) }
  return unsafe string.withCString { unsafe body($0) }
}
