/// Defines `SortOrder`, by which column and which way processes are put in order.

package import ProcessTree

/// A column to sort by. The raw value is the name in the menu.
package enum SortKey: String, Sendable, CaseIterable {
  case pid = "PID"
  case user = "User"
  case state = "State"
  case processor = "CPU%"
  case memory = "Memory"
  case time = "Time"
  case threads = "Threads"
  case start = "Start time"
  case command = "Command"

  /// Quantities are most interesting when largest.
  package var isDescendingByNature: Bool {
    switch self {
    case .processor, .memory, .time, .threads: true
    default: false
    }
  }
}

/// A column and a direction.
package struct SortOrder: Sendable, Hashable {
  package var key: SortKey
  package var isDescending: Bool

  package init(_ key: SortKey, descending: Bool? = nil) {
    self.key = key
    isDescending = descending ?? key.isDescendingByNature
  }

  /// Whether `a` stands before `b`; equals are ordered by pid, so that rows do not dance.
  package func precedes(_ a: ProcessRecord, _ b: ProcessRecord) -> Bool {
    let order = compare(a, b)
    return order == 0 ? a.pid < b.pid : (isDescending ? order > 0 : order < 0)
  }

  private func compare(_ a: ProcessRecord, _ b: ProcessRecord) -> Int {
    switch key {
    case .pid: sign(a.pid, b.pid)
    case .user: sign(a.userName, b.userName)
    case .state: sign(rank(a.state), rank(b.state))
    case .processor: sign(a.cpuPercent, b.cpuPercent)
    case .memory: sign(a.residentBytes, b.residentBytes)
    case .time: sign(a.cpuTicks, b.cpuTicks)
    case .threads: sign(a.threads, b.threads)
    case .start: sign(a.startTime, b.startTime)
    case .command: sign(a.commandLine, b.commandLine)
    }
  }

  private func sign<Value: Comparable>(_ a: Value, _ b: Value) -> Int { a < b ? -1 : (a > b ? 1 : 0) }

  /// What needs attention comes first.
  private func rank(_ state: ProcessState) -> Int {
    let order: [ProcessState] = [
      .frozen, .zombie, .stopped, .traced, .diskSleep, .running, .dead, .sleeping, .idle,
    ]
    return order.firstIndex(of: state) ?? order.count
  }
}
