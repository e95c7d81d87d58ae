/// Defines `SortOrder`, by which column and which way processes are put in order.

package import ProcessTree

/// What to sort by. The raw value is its name in the configuration: that of the column.
package enum SortKey: String, Sendable, CaseIterable {
  case pid, ppid
  case group = "pgid"
  case session = "sid"
  case user
  case priority = "pri"
  case nice = "ni"
  case state
  case processor = "cpu"
  case memory = "mem"
  case time, start
  case threads = "thr"
  case terminal = "tty"
  case cgroup, command

  /// Its name in the menu.
  package var title: String {
    switch self {
    case .pid: "PID"
    case .ppid: "Parent's PID"
    case .group: "Process group"
    case .session: "Session"
    case .user: "User"
    case .priority: "Priority"
    case .nice: "Nice value"
    case .state: "State"
    case .processor: "CPU%"
    case .memory: "Memory"
    case .time: "Time"
    case .start: "Start time"
    case .threads: "Threads"
    case .terminal: "Terminal"
    case .cgroup: "Cgroup"
    case .command: "Command"
    }
  }

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
    case .ppid: sign(a.ppid, b.ppid)
    case .group: sign(a.pgid, b.pgid)
    case .session: sign(a.sid, b.sid)
    case .user: sign(a.userName, b.userName)
    case .priority: sign(a.priority, b.priority)
    case .nice: sign(a.nice, b.nice)
    case .state: sign(rank(a.state), rank(b.state))
    case .processor: sign(a.cpuPercent, b.cpuPercent)
    case .memory: sign(a.residentBytes, b.residentBytes)
    case .time: sign(a.cpuTicks, b.cpuTicks)
    case .threads: sign(a.threads, b.threads)
    case .start: sign(a.startTime, b.startTime)
    case .terminal: sign(a.terminal ?? "", b.terminal ?? "")
    case .cgroup: sign(a.cgroup, b.cgroup)
    case .command: sign(a.commandLine, b.commandLine)
    }
  }

  private func sign<Value: Comparable>(_ a: Value, _ b: Value) -> Int { a < b ? -1 : (a > b ? 1 : 0) }

  /// What needs attention comes first.
  private func rank(_ state: ProcessState) -> Int {
    switch state {
    case .frozen: 0
    case .zombie: 1
    case .stopped: 2
    case .traced: 3
    case .diskSleep: 4
    case .running: 5
    case .dead: 6
    case .sleeping: 7
    case .idle: 8
    }
  }
}
