/// Defines `NamespaceOperation`, a restart in a pid namespace of its own as the screen sees it.

internal import CLinux
internal import CheckpointRestart
internal import Glibc
internal import SystemCalls
internal import TerminalUI

/// The first process of the namespace (`NamespaceInit`) does the work, tells it as JSON, and stays our child.
final class NamespaceOperation: FollowedOperation, @unchecked Sendable {
  // Safe: only `follow` uses them after `init`, and it is called once.
  private let started: Result<(relay: NamespaceRelay, lines: PrintedLines), Problem>

  init(_ arguments: [String]) { started = Self.start(arguments) }

  private static func start(
    _ arguments: [String]
  ) -> Result<(relay: NamespaceRelay, lines: PrintedLines), Problem> {
    do throws(Errno) {
      let ends = try PipeEnds()
      do throws(Problem) {
        let relay = try NamespaceRelay(ownSession: true, arguments: arguments, output: ends.writer.number)
        return .success((relay, PrintedLines(ends.keepReader())))
      } catch { return .failure(error) }
    } catch { return .failure(error.problem("cannot make a pipe")) }
  }

  var process: Int32 { if case .success(let process) = started { process.relay.first } else { 0 } }

  /// As for every crtop, SIGTERM means: undo it.
  func cancel() { if process > 0 { _ = kill(process, SIGTERM) } }

  func follow(_ onEvent: (OperationEvent) -> Void) -> OperationEvent {
    let (relay, lines): (NamespaceRelay, PrintedLines)
    do throws(Problem) { (relay, lines) = try started.get() } catch { return .failed([error]) }
    var problems: [Problem] = []
    lines.forEach { line in
      switch JSONEvent(line) {
      case .progress(let event): onEvent(event)
      case .problem(let problem): problems.append(problem)
      case .done, nil: break
      }
    }
    // It closes its output before it reports the root's pid out here.
    while true {
      switch relay.next() {
      case .restarted(let root):
        guard var summary = relay.summary else { return .failed([lost]) }
        summary.root = root
        return .done(summary)
      case .over: return .failed(problems.isEmpty ? [lost] : problems)
      case .changed, nil:
        var watched = pollfd(fd: relay.descriptor, events: Int16(POLLIN), revents: 0)
        unsafe _ = poll(&watched, 1, -1)
      }
    }
  }

  private var lost: Problem {
    Problem(
      errno: .ioError, what: "the restart in a new pid namespace",
      why: "crtop's process there has ended without saying why")
  }
}

/// The pipe that the process prints into.
private final class PrintedLines {
  private let reader: OwnedDescriptor
  init(_ reader: consuming OwnedDescriptor) { self.reader = reader }

  /// Until it is closed.
  func forEach(_ body: (ArraySlice<UInt8>) -> Void) {
    var text: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65536)
    while let got = try? systemCall({ unsafe read(reader.number, &buffer, buffer.count) }), got > 0 {
      text += buffer[..<got]
      while let end = text.firstIndex(of: UInt8(ascii: "\n")) {
        body(text[..<end])
        text.removeSubrange(...end)
      }
    }
  }
}
