import Glibc
import SystemCalls

/// pipe2(2): the end to read, the end to write.
private func closeOnExecPipe() throws(Errno) -> [Int32] {
  var ends: [Int32] = [-1, -1]
  _ = try systemCall { unsafe pipe(&ends) }
  let copies = try (OwnedDescriptor.duplicating(ends[0]).release(), OwnedDescriptor.duplicating(ends[1]).release())
  for end in ends { _ = Glibc.close(end) }
  return [copies.0, copies.1]
}

/// A child of this test, killed and reaped when its owner lets go.
final class Child {
  let pid: Int32
  private let input: Int32
  private var ended = false

  init(_ arguments: [String]) throws {
    let pipes = try closeOnExecPipe()
    input = pipes[1]
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    unsafe posix_spawn_file_actions_adddup2(&actions, pipes[0], 0)
    var words: [UnsafeMutablePointer<CChar>?] = unsafe arguments.map { unsafe strdup($0) } + [nil]
    defer { for index in unsafe words.indices { unsafe free(words[index]) } }
    var pid: Int32 = 0
    let error = unsafe posix_spawn(&pid, arguments[0], &actions, nil, &words, environ)
    _ = Glibc.close(pipes[0])
    guard error == 0 else { throw Errno(rawValue: error) }
    self.pid = pid
  }

  func feed(_ text: String) {
    let bytes = Array(text.utf8)
    unsafe _ = write(input, bytes, bytes.count)
  }

  func end() {
    guard !ended else { return }
    ended = true
    kill(pid, SIGKILL)
    var status: Int32 = 0
    unsafe waitpid(pid, &status, 0)
    _ = Glibc.close(input)
  }

  deinit { end() }
}

/// Threads that wait until the gate opens.
final class ThreadGate: @unchecked Sendable {
  private var pipes: [Int32] = [-1, -1]
  private var threads: [pthread_t] = []

  func start(_ count: Int) throws {
    pipes = try closeOnExecPipe()
    for _ in 0..<count {
      var thread = pthread_t()
      let entry = unsafe Unmanaged.passUnretained(self).toOpaque()
      let error = unsafe pthread_create(&thread, nil, threadMain, entry)
      guard error == 0 else { throw Errno(rawValue: error) }
      threads.append(thread)
    }
  }

  fileprivate func waitForOpening() {
    var byte: UInt8 = 0
    unsafe _ = read(pipes[0], &byte, 1)
  }

  func open() {
    _ = Glibc.close(pipes[1])
    for thread in threads { pthread_join(thread, nil) }
    _ = Glibc.close(pipes[0])
  }
}

private func threadMain(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
  guard let argument = unsafe argument else { return nil }
  unsafe Unmanaged<ThreadGate>.fromOpaque(argument).takeUnretainedValue().waitForOpening()
  return nil
}
