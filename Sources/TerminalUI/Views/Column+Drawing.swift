/// Writes the titles and values of the columns.

internal import ProcessTree

extension Column {
  /// Writes the title.
  func drawTitle(on canvas: inout Canvas, row: Int, column: Int, width: Int, role: Role) {
    let title = self == .state && width == 1 ? "S" : title
    if isFlushLeft {
      canvas.write(title, row: row, column: column, limit: width, role: role)
    } else {
      canvas.writeRight(title, row: row, column: column, width: width, role: role)
    }
  }

  /// Writes the value of a process; `override` is the role of a row that has one role all over.
  func draw(
    _ process: ProcessRecord, _ facts: ColumnFacts, on canvas: inout Canvas, row: Int, column: Int, width: Int,
    override: Role?
  ) {
    let (text, role) = value(process, facts)
    if isFlushLeft {
      // A name that is cut ends in a plus, as in top(1).
      canvas.write(
        text, row: row, column: column, limit: width, role: override ?? role, cut: self == .user ? "+" : nil)
    } else {
      canvas.writeRight(text, row: row, column: column, width: width, role: override ?? role)
    }
  }

  private func value(_ process: ProcessRecord, _ facts: ColumnFacts) -> (String, Role) {
    switch self {
    case .pid: (String(process.pid), .normal)
    case .ppid: (String(process.ppid), .normal)
    case .pgid: (String(process.pgid), .normal)
    case .sid: (String(process.sid), .normal)
    case .user: (process.userName, .normal)
    case .pri: (process.priority < -99 ? "RT" : String(process.priority), process.priority < 0 ? .strong : .normal)
    case .ni: (String(process.nice), process.nice == 0 ? .dim : .normal)
    case .state:
      (
        facts.isStateShort ? String(process.state.letter) : "\(process.state.letter) \(process.state.word)",
        Role(process.state)
      )
    case .cpu: processor(process.cpuPercent)
    case .mem: (Format.bytes(process.residentBytes), process.residentBytes == 0 ? .dim : .normal)
    case .time: (Format.processorTime(ticks: process.cpuTicks, perSecond: facts.ticksPerSecond), .normal)
    case .start: (start(process, facts), .normal)
    case .thr: (String(process.threads), process.threads == 1 ? .dim : .normal)
    case .tty: (process.terminal ?? "-", process.terminal == nil ? .dim : .normal)
    case .cgroup: (process.cgroup, process.cgroup == "/" ? .dim : .normal)
    case .ckpt: facts.marks[process].shown
    }
  }

  private func processor(_ percent: Double) -> (String, Role) {
    (Format.decimal(percent, percent < 999.95 ? 1 : 0), percent < 0.05 ? .dim : (percent > 50 ? .strong : .normal))
  }

  private func start(_ process: ProcessRecord, _ facts: ColumnFacts) -> String {
    let seconds = process.startTime / max(facts.ticksPerSecond, 1)
    return Format.moment(facts.bootTime + Int64(clamping: seconds), now: facts.now)
  }
}
