/// Defines `NamespaceInit`: crtop as the first process of a pid namespace, in which it restarts a job and stays as its init.

internal import CLinux
internal import CheckpointRestart
internal import Glibc
internal import ProcessTree
internal import SystemCalls

/// Reaps what is orphaned in the namespace and passes signals on to the job's root; it ends with the last process, since all
/// others would die with it. Reports to the crtop that has started it, a line each: `done EVENT` (what the restart came to, as
/// `--json` prints it), `restarted PID`, `stopped SIGNAL`, `ended STATUS` of the root (wait(2)).
struct NamespaceInit {
  /// Says by which descriptor to report.
  static let variable = "CRTOP_NAMESPACE_REPORT"
  private let report: Int32

  /// Whether this process was started as one; `nil`: not.
  init?() {
    guard getpid() == 1, let value = unsafe getenv(Self.variable), let number = unsafe Int32(String(cString: value))
    else {
      return nil
    }
    report = number
    unsafe unsetenv(Self.variable)
    _ = crtop_fcntl(report, F_SETFD, Int(FD_CLOEXEC))
    // Threads of crtop's own get ids that the job's tasks hardly have.
    if let maximum = (try? readText("/proc/sys/kernel/pid_max")).flatMap({ Int32($0.filter(\.isNumber)) }) {
      try? writeText("\(maximum - 300)", to: "/proc/sys/kernel/ns_last_pid")
    }
  }

  /// Restarts the job, then serves it until nothing is left of it.
  func run(_ request: RestartRequest, isJSON: Bool) throws {
    var runner = try OperationRunner("restart", isJSON: isJSON)
    let summary = try runner.run(givesTerminal: !request.detached, saysDone: false) {
      Operation.restart(request, onEvent: $0)
    }
    if request.detached {
      if !isJSON { Output.note(Summary.line(summary)) }
      if let null = try? OwnedDescriptor.open("/dev/null", O_RDWR) {
        for number in Int32(0)..<3 { _ = dup2(null.number, number) }
      }
    }
    // Printed by the other, which knows the root's pid out there.
    say("done \(JSON.done(summary))")
    say("restarted \(summary.root)")
    for signal in runner.lateSignals { forward(signal, to: summary.root) }
    serve(summary.root, runner.signals)
  }

  private func serve(_ root: Int32, _ signals: SignalQueue) {
    var isOver = false
    while true {
      var status: Int32 = 0
      let pid = unsafe waitpid(-1, &status, WNOHANG | WUNTRACED)
      if pid < 0 {
        // Others may have entered (nsenter(1)), as a crtop that has just checkpointed and killed the job.
        guard ((try? directoryEntries("/proc")) ?? []).contains(where: { Int32($0).map { $0 > 1 } ?? false }) else {
          return
        }
        pause(milliseconds: 20)
        continue
      }
      if pid > 0 {
        guard pid == root else { continue }
        isOver = !crtop_wifstopped(status)
        say(isOver ? "ended \(status)" : "stopped \(crtop_wstopsig(status))")
        continue
      }
      var watched = pollfd(fd: signals.descriptor, events: Int16(POLLIN), revents: 0)
      unsafe _ = poll(&watched, 1, -1)
      for signal in signals.takeAll() where !isOver { forward(signal, to: root) }
    }
  }

  private func forward(_ signal: ArrivedSignal, to root: Int32) {
    if signal.number != SIGCHLD { _ = kill(root, signal.number) }
  }

  /// Nobody may be listening any more: SIGPIPE is blocked.
  private func say(_ line: String) {
    let bytes = Array("\(line)\n".utf8)
    _ = try? systemCall { unsafe bytes.withUnsafeBytes { unsafe write(report, $0.baseAddress, $0.count) } }
  }
}
