/// Defines `Services`, everything outside the screen that it uses, so that tests can put something else there.

internal import CLinux
internal import Glibc
package import ProcessTree
package import SystemCalls

/// Takes snapshots of the machine.
package protocol ProcessSource: AnyObject {
  func snapshot() -> ProcessSnapshot
  func expectMovedProcesses()
  func threads(of pid: Int32) throws(Errno) -> [ThreadRecord]
}

extension ProcessSampler: ProcessSource {
  package func threads(of pid: Int32) throws(Errno) -> [ThreadRecord] { try Self.threads(of: pid) }
}

/// Time, in seconds.
package protocol Clock: Sendable {
  /// Of CLOCK_MONOTONIC.
  var monotonic: Double { get }
  /// Since 1970.
  var real: Int64 { get }
}

/// The system's clocks.
package struct SystemClock: Clock {
  package init() {}

  package var monotonic: Double {
    var now = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &now)
    return Double(now.tv_sec) + Double(now.tv_nsec) / 1e9
  }

  package var real: Int64 {
    var now = timespec()
    unsafe clock_gettime(CLOCK_REALTIME, &now)
    return Int64(now.tv_sec)
  }
}

/// All of it together.
package struct Services {
  package var processes: any ProcessSource
  package var engine: any EngineClient
  package var images: any ImageCatalogue
  package var signals: any SignalSender
  package var inspector: any TaskInspector
  /// `nil`: verifications are forgotten at the end.
  package var verifications: (any VerificationMemory)?
  /// `nil`: restarts are made in this process only.
  package var launcher: (any RestartLauncher)?
  package var background: any Background
  package var clock: any Clock
  /// This program, which must not freeze or checkpoint itself.
  package var ownPid: Int32

  package init(
    processes: any ProcessSource, engine: any EngineClient, images: any ImageCatalogue, signals: any SignalSender,
    inspector: any TaskInspector = ProcInspector(), verifications: (any VerificationMemory)? = nil,
    launcher: (any RestartLauncher)? = nil, background: any Background, clock: any Clock, ownPid: Int32
  ) {
    self.processes = processes
    self.engine = engine
    self.images = images
    self.signals = signals
    self.inspector = inspector
    self.verifications = verifications
    self.launcher = launcher
    self.background = background
    self.clock = clock
    self.ownPid = ownPid
  }
}
