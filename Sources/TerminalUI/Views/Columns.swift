/// Defines the columns before the command, and which of them a screen has room for.

internal import ProcessTree

/// The widest values that there are now.
package struct Widest: Sendable, Hashable {
  package var pid: Int
  package var user: Int

  package init(pid: Int, user: Int) {
    self.pid = pid
    self.user = user
  }

  init(_ tree: ProcessTree) {
    pid = String(tree.processes.last?.pid ?? 0).count
    user = tree.processes.reduce(0) { max($0, $1.userName.utf8.count) }
  }
}

/// One column; its raw value is its title.
package enum Column: String, Sendable, CaseIterable {
  case pid = "PID"
  case user = "USER"
  case state = "S STATE"
  case letter = "S"
  case processor = "CPU%"
  case memory = "MEM"
  case time = "TIME"
  case threads = "THR"

  /// The title over it when the list is sorted by it.
  var sortKey: SortKey {
    switch self {
    case .pid: .pid
    case .user: .user
    case .state, .letter: .state
    case .processor: .processor
    case .memory: .memory
    case .time: .time
    case .threads: .threads
    }
  }

  /// Columns on the screen, without the space behind.
  package func width(_ widest: Widest) -> Int {
    switch self {
    case .pid: max(widest.pid, 5)
    case .user: min(max(widest.user, 4), 8)
    case .state: 10
    case .letter: 1
    case .processor: 5
    case .memory: 5
    case .time: 7
    case .threads: 3
    }
  }

  private var isFlushLeft: Bool { self == .user || self == .state || self == .letter }

  /// The columns for a screen of some width; at least 20 are left for the command.
  package static func fitting(width: Int, _ widest: Widest) -> [Column] {
    var columns: [Column] = [.pid, .user, .state, .processor, .memory, .time, .threads]
    func taken() -> Int { columns.reduce(0) { $0 + $1.width(widest) + 1 } }
    for dropped: Column in [.time, .user, .threads, .memory] where taken() + 26 > width {
      columns.removeAll { $0 == dropped }
    }
    if taken() + 20 > width, let index = columns.firstIndex(of: .state) { columns[index] = .letter }
    return columns
  }

  /// Writes the title.
  func drawTitle(on canvas: inout Canvas, row: Int, column: Int, width: Int, role: Role) {
    if isFlushLeft {
      canvas.write(rawValue, row: row, column: column, limit: width, role: role)
    } else {
      canvas.writeRight(rawValue, row: row, column: column, width: width, role: role)
    }
  }

  /// Writes the value of a process.
  func draw(
    _ process: ProcessRecord, on canvas: inout Canvas, row: Int, column: Int, width: Int, override: Role?
  ) {
    let (text, role) = value(process)
    if isFlushLeft {
      canvas.write(text, row: row, column: column, limit: width, role: override ?? role)
    } else {
      canvas.writeRight(text, row: row, column: column, width: width, role: override ?? role)
    }
  }

  private func value(_ process: ProcessRecord) -> (String, Role) {
    switch self {
    case .pid: return (String(process.pid), .normal)
    case .user: return (process.userName, .normal)
    case .state: return ("\(process.state.letter) \(process.state.word)", Role(process.state))
    case .letter: return (String(process.state.letter), Role(process.state))
    case .processor:
      let percent = process.cpuPercent
      let text = Format.decimal(percent, percent < 999.95 ? 1 : 0)
      return (text, percent < 0.05 ? .dim : (percent > 50 ? .strong : .normal))
    case .memory: return (Format.bytes(process.residentBytes), process.residentBytes == 0 ? .dim : .normal)
    case .time:
      return (Format.processorTime(ticks: process.cpuTicks, perSecond: clockTicksPerSecond), .normal)
    case .threads: return (String(process.threads), process.threads == 1 ? .dim : .normal)
    }
  }
}
