/// Defines `NamespaceRelay`: what the first process of a new pid namespace reports of a job that it restarts there.

internal import CLinux
internal import CheckpointRestart
internal import Glibc
internal import ProcessTree
internal import SystemCalls

/// The other end of `NamespaceInit`.
final class NamespaceRelay {
  enum Report {
    /// The root runs; its pid in this namespace.
    case restarted(Int32)
    /// As wait(2) would tell it.
    case changed(Int32)
    /// The first process has ended, with this exit status, and has not told the root's end.
    case over(Int32)
  }

  /// The first process, its pid in this namespace.
  let first: Int32
  /// What the restart came to, with the root's pid inside; known when it is reported as restarted.
  private(set) var summary: OperationSummary?
  private let file: OwnedDescriptor
  private var text: [UInt8] = []

  /// Starts it. Signals must be blocked already: it inherits that.
  ///
  /// - Parameters:
  ///   - arguments: of its command line, the program's name included.
  ///   - output: where it prints; `nil`: where this process does.
  init(
    ownSession: Bool, arguments: [String] = CommandLine.arguments, output: Int32? = nil
  ) throws(Problem) {
    do throws(Errno) {
      let ends = try PipeEnds()
      let report = ends.writer.number
      unsafe setenv(NamespaceInit.variable, "\(report)", 1)
      defer { unsafe unsetenv(NamespaceInit.variable) }
      first = unsafe try arguments.withArgumentVector { words throws(Errno) in
        try systemCall { unsafe crtop_spawn_namespace_init(words, ownSession, report, output ?? -1) }
      }
      _ = try systemCall { crtop_fcntl(ends.reader.number, F_SETFL, Int(O_NONBLOCK)) }
      file = ends.keepReader()
    } catch {
      throw error.problem(
        "cannot make a new pid namespace", remedy: error == .notPermitted ? "run crtop as root" : "")
    }
  }

  /// For poll(2).
  var descriptor: Int32 { file.number }

  /// What has been reported; `nil`: nothing new.
  func next() -> Report? {
    var bytes = [UInt8](repeating: 0, count: 256)
    let number = file.number
    while !text.contains(UInt8(ascii: "\n")) {
      let got = try? systemCall {
        unsafe bytes.withUnsafeMutableBytes { unsafe read(number, $0.baseAddress, $0.count) }
      }
      guard let got else { return nil }
      if got == 0 { return .over(end()) }
      text += bytes.prefix(got)
    }
    let line = String(decoding: text.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    text.removeFirst(line.utf8.count + 1)
    let words = line.split(separator: " ", maxSplits: 1)
    if words.first == "done", words.count == 2, case .done(let summary) = JSONEvent(Array(words[1].utf8)[...]) {
      self.summary = summary
      return next()
    }
    guard words.count == 2, let value = Int32(words[1]) else { return nil }
    switch words[0] {
    case "restarted": return .restarted(root(value))
    case "stopped": return .changed(value << 8 | 0x7f)
    default: return .changed(value)
    }
  }

  /// Waits for the first process; says why it could not even be started.
  private func end() -> Int32 {
    if text.count == 4 {
      let number = text.enumerated().reduce(Int32(0)) { $0 | Int32($1.element) << Int32(8 * $1.offset) }
      Output.problem(Errno(rawValue: number).problem("cannot prepare the new pid namespace"))
    }
    var status: Int32 = 0
    guard unsafe waitpid(first, &status, 0) == first, crtop_wifexited(status) else { return 1 }
    return crtop_wexitstatus(status)
  }

  /// The pid that a process of the new namespace has in this one; 0: it has ended already.
  private func root(_ inside: Int32) -> Int32 {
    let threads = (try? directoryEntries("/proc/\(first)/task")) ?? []
    let children = threads.flatMap { thread in
      ((try? readText("/proc/\(first)/task/\(thread)/children")) ?? "").split(separator: " ").compactMap { Int32($0) }
    }
    return children.first { child in
      let status = (try? readText("/proc/\(child)/status")) ?? ""
      let ids = status.split(separator: "\n").first { $0.hasPrefix("NSpid:") }
      return ids?.split(separator: "\t").last.flatMap { Int32($0) } == inside
    } ?? 0
  }
}
