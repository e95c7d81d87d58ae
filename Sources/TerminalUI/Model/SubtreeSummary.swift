/// Defines `SubtreeSummary`, a subtree in numbers and in words.

package import ProcessTree

/// What a subtree holds, whatever of it the screen shows.
package struct SubtreeSummary: Sendable, Hashable {
  package var root: ProcessRecord
  package var tasks: Int
  package var threads: Int
  package var zombies: Int
  package var frozen: Int
  package var residentBytes: UInt64
  package var cpuPercent: Double

  /// Sums up processes, the root first; `nil` of none.
  package init?(_ subtree: [ProcessRecord]) {
    guard let root = subtree.first else { return nil }
    self.root = root
    tasks = subtree.count
    // As the engine counts: a zombie is its own last thread.
    threads = subtree.reduce(0) { $0 + max($1.threads, 1) }
    zombies = subtree.count { $0.state == .zombie && !$0.hasDeadLeader }
    frozen = subtree.count { $0.state == .frozen }
    residentBytes = subtree.reduce(0) { $0 &+ $1.residentBytes }
    cpuPercent = subtree.reduce(0) { $0 + $1.cpuPercent }
  }

  /// `python3 (1234)`.
  package var name: String { "\(root.comm) (\(root.pid))" }

  /// `5 tasks, 12 threads, 1 zombie`.
  package var counts: String {
    var text = Format.count(tasks, "task") + ", " + Format.count(threads, "thread")
    if zombies > 0 { text += ", " + Format.count(zombies, "zombie") }
    if frozen > 0 { text += ", \(frozen) FROZEN" }
    return text
  }
}
