/// Defines `Column`, what can stand before the command, and which columns a screen has room for.

/// One column; its raw value is its name in the configuration.
package enum Column: String, Sendable, CaseIterable {
  case pid, ppid, pgid, sid, user, pri, ni, state, cpu, mem, time, start, thr, tty, cgroup, ckpt

  /// What is shown unless the user says otherwise.
  package static let standard: [Column] = [.pid, .user, .state, .cpu, .mem, .time, .thr, .ckpt]

  /// The title over it.
  package var title: String {
    switch self {
    case .cpu: "CPU%"
    case .state: "S STATE"
    default: rawValue.uppercased()
    }
  }

  /// For those who choose columns.
  package var meaning: String {
    switch self {
    case .pid: "process"
    case .ppid: "parent"
    case .pgid: "process group"
    case .sid: "session"
    case .user: "effective user"
    case .pri: "priority, negative for real-time"
    case .ni: "nice value"
    case .state: "state as letter and word"
    case .cpu: "share of one processor since the last refresh"
    case .mem: "resident memory"
    case .time: "processor time so far"
    case .start: "when it was started"
    case .thr: "threads"
    case .tty: "controlling terminal"
    case .cgroup: "cgroup that can freeze it"
    case .ckpt: "can its subtree be checkpointed? (i: why not)"
    }
  }

  /// By what a click on the title sorts.
  package var sortKey: SortKey? { SortKey(rawValue: rawValue) }

  var isFlushLeft: Bool {
    switch self {
    case .user, .state, .tty, .cgroup, .ckpt: true
    default: false
    }
  }

  /// Columns on the screen, without the space behind.
  package func width(_ facts: ColumnFacts) -> Int {
    switch self {
    case .pid, .ppid, .pgid, .sid: max(facts.pidWidth, 5)
    case .user: min(max(facts.userWidth, 4), facts.userLimit)
    case .state: facts.isStateShort ? 1 : 10
    case .pri, .ni, .thr: 3
    case .cpu, .mem, .start: 5
    case .time: 7
    case .tty: 6
    case .cgroup: 20
    case .ckpt: 4
    }
  }

  /// What gives way first on a narrow screen.
  private static let dispensable: [Column] = [
    .sid, .pgid, .ppid, .tty, .start, .pri, .ni, .cgroup, .time, .ckpt, .user, .thr, .mem,
  ]

  /// Those of the wanted columns that a screen of some width has room for; at least 24 are left for the command, if
  /// need be 20, with the state as a letter. Before a column goes, the names of users get shorter.
  package static func fitting(_ wanted: [Column], width: Int, _ facts: inout ColumnFacts) -> [Column] {
    var columns = wanted
    (facts.isStateShort, facts.userLimit) = (false, 8)
    func taken() -> Int { columns.reduce(0) { $0 + $1.width(facts) + 1 } }
    while columns.contains(.user), facts.userLimit > 6, taken() + 24 > width { facts.userLimit -= 1 }
    for dropped in dispensable where taken() + 24 > width { columns.removeAll { $0 == dropped } }
    facts.isStateShort = taken() + 20 > width
    return columns
  }
}
