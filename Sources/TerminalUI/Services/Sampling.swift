/// Defines `Sampling`, the taking of one snapshot, which can be done on another thread.

internal import ProcessTree

/// What it gives.
package struct Sample: Sendable {
  var snapshot: ProcessSnapshot
  /// By pid, of processes with more than one; `nil` where they are not wanted.
  var threads: [Int32: [ThreadRecord]]?
}

/// The application makes one at a time, and uses the source for nothing else until it has the sample.
struct Sampling: @unchecked Sendable {
  private let source: any ProcessSource
  private let haveMoved: Bool
  private let withThreads: Bool

  init(_ source: any ProcessSource, haveMoved: Bool, withThreads: Bool) {
    self.source = source
    self.haveMoved = haveMoved
    self.withThreads = withThreads
  }

  func run() -> Sample {
    if haveMoved { source.expectMovedProcesses() }
    let snapshot = source.snapshot()
    guard withThreads else { return Sample(snapshot: snapshot, threads: nil) }
    var threads: [Int32: [ThreadRecord]] = [:]
    for process in snapshot.tree.processes where process.threads > 1 {
      threads[process.pid] = try? source.threads(of: process.pid)
    }
    return Sample(snapshot: snapshot, threads: threads)
  }
}
