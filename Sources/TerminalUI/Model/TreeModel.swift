/// Defines `TreeModel`, which rows the tree shows and which process is selected.

package import ProcessTree

/// One row: a process, or one of its threads, and where it stands in the tree.
package struct TreeRow: Sendable, Hashable {
  package var process: ProcessRecord
  /// For each level above: whether its line goes on below this row. The last is the process's own level; roots have none.
  package var trunks: [Bool]
  /// How many descendants are not shown because the row is folded.
  package var hidden: Int
  /// Stands here only because a descendant matches the filter.
  package var isContext: Bool
  /// A thread of the process, shown below it; such a row is never selected.
  package var thread: ThreadRecord?

  package var depth: Int { trunks.count }
}

/// How many tasks are in which state.
package struct StateCounts: Sendable, Hashable {
  package private(set) var tasks = 0
  package private(set) var threads = 0
  package private(set) var states: [ProcessState: Int] = [:]

  mutating func add(_ process: ProcessRecord) {
    tasks += 1
    threads += process.threads
    states[process.state, default: 0] += 1
  }
}

/// The live tree as the user has arranged it. Pure: it is fed snapshots and asked for rows.
package struct TreeModel: Sendable {
  package private(set) var tree = ProcessTree()
  package private(set) var rows: [TreeRow] = []
  /// The threads of processes that have more than one, by pid; none are shown if it is `nil`.
  package private(set) var threads: [Int32: [ThreadRecord]]?
  package var isTree = true { didSet { rebuild() } }
  package var order = SortOrder(.pid) { didSet { rebuild() } }
  package var showsKernelThreads = false { didSet { selectSomethingVisible() } }
  /// Keeps processes that match and, in the tree, their ancestors; in the words of `ProcessQuery`.
  package var filter = "" {
    didSet {
      query = ProcessQuery(filter)
      selectSomethingVisible()
    }
  }
  package private(set) var query = ProcessQuery("")
  package var userFilter: UInt32? { didSet { selectSomethingVisible() } }
  package internal(set) var folded: Set<ProcessIdentity> = []
  package private(set) var tagged: Set<ProcessIdentity> = []
  /// The selected process; `nil` when it has ended and the user has not chosen another.
  package internal(set) var selected: ProcessIdentity?
  /// Where the selection bar is or was.
  package internal(set) var cursor = 0
  /// The last selected process that has ended.
  package internal(set) var lost: ProcessRecord?
  /// The first row on the screen.
  package internal(set) var top = 0
  /// The line of the screen at which the selected row is held while it is followed.
  package internal(set) var heldLine: Int?
  /// Of the last snapshot: digits of the largest pid, and the longest name of a user.
  package private(set) var widestPid = 1
  package private(set) var widestUser = 0
  /// Of the last snapshot, without the kernel's threads.
  package private(set) var stateCounts = StateCounts()

  package init() {}

  /// Takes a new snapshot. The selection stays with its process.
  package mutating func update(_ tree: ProcessTree, threads: [Int32: [ThreadRecord]]? = nil) {
    self.threads = threads
    if let selected, tree[selected] == nil {
      lost = self.tree[selected]
      self.selected = nil
    }
    self.tree = tree
    widestPid = String(tree.processes.last?.pid ?? 0).utf8.count
    widestUser = 0
    stateCounts = StateCounts()
    for process in tree.processes {
      widestUser = max(widestUser, process.userName.utf8.count)
      if !process.isKernelThread { stateCounts.add(process) }
    }
    folded = folded.filter { tree[$0] != nil }
    tagged = tagged.filter { tree[$0] != nil }
    rebuild()
    if selected == nil && lost == nil, let first = rows.first { selected = first.process.identity }
  }

  /// Whether anything is left out.
  package var isFiltered: Bool { !filter.isEmpty || userFilter != nil }

  private func passes(_ process: ProcessRecord) -> Bool {
    (query.isEmpty || query.matches(process)) && (userFilter == nil || process.userID == userFilter)
  }

  /// Computes the rows anew.
  mutating func rebuild() {
    let shown = showsKernelThreads ? tree.processes : tree.processes.filter { !$0.isKernelThread }
    rows = isTree ? treeRows(shown) : flatRows(shown)
    if threads != nil { rows = rows.flatMap(withThreads) }
    if let selected, let index = rows.firstIndex(where: { $0.process.identity == selected }) { cursor = index }
    cursor = min(max(cursor, 0), max(rows.count - 1, 0))
  }

  /// A row and below it the threads of its process, the leader left out: that is the process's own row.
  private func withThreads(_ row: TreeRow) -> [TreeRow] {
    let others = threads?[row.process.pid]?.filter { $0.tid != row.process.pid } ?? []
    guard !others.isEmpty, !row.isContext, row.hidden == 0 else { return [row] }
    let hasChildren = isTree && !tree.children(of: row.process.pid).isEmpty
    return [row]
      + others.enumerated().map { index, thread in
        let isLast = index == others.count - 1 && !hasChildren
        return TreeRow(
          process: row.process, trunks: isTree ? row.trunks + [!isLast] : [], hidden: 0, isContext: false,
          thread: thread)
      }
  }

  private func flatRows(_ shown: [ProcessRecord]) -> [TreeRow] {
    shown.filter(passes).sorted(by: order.precedes).map {
      TreeRow(process: $0, trunks: [], hidden: 0, isContext: false)
    }
  }

  private func treeRows(_ shown: [ProcessRecord]) -> [TreeRow] {
    var kept: [Int32: Bool] = [:]
    if isFiltered {
      for process in shown where passes(process) {
        kept[process.pid] = true
        for ancestor in tree.ancestors(of: process.pid) where kept[ancestor.pid] == nil { kept[ancestor.pid] = false }
      }
    }
    let isShown = { (process: ProcessRecord) in
      (self.showsKernelThreads || !process.isKernelThread) && (!self.isFiltered || kept[process.pid] != nil)
    }
    var rows: [TreeRow] = []
    rows.reserveCapacity(shown.count)
    var pending = tree.roots.filter(isShown).sorted(by: order.precedes).reversed().map { ($0, [Bool]()) }
    while let (process, trunks) = pending.popLast() {
      let children = tree.children(of: process.pid).filter(isShown).sorted(by: order.precedes)
      // A filter shows what it finds, folded or not.
      let isFolded = !isFiltered && !children.isEmpty && folded.contains(process.identity)
      let hidden = isFolded ? tree.subtree(of: process.identity).count - 1 : 0
      rows.append(
        TreeRow(
          process: process, trunks: trunks, hidden: hidden, isContext: isFiltered && kept[process.pid] == false))
      guard !isFolded else { continue }
      for (index, child) in children.enumerated().reversed() {
        pending.append((child, trunks + [index < children.count - 1]))
      }
    }
    return rows
  }
}

// MARK: Folding and tagging

extension TreeModel {
  /// Folds or unfolds a process with children.
  package mutating func setFolded(_ process: ProcessIdentity, _ isFolded: Bool) {
    if isFolded && !tree.children(of: process.pid).isEmpty {
      folded.insert(process)
    } else {
      folded.remove(process)
    }
    rebuild()
  }

  /// Unfolds all if anything is folded, else folds every process with children except the roots.
  package mutating func toggleAllFolds() {
    if folded.isEmpty {
      let roots = Set(tree.roots.map(\.identity))
      folded = Set(
        tree.processes.filter { !roots.contains($0.identity) && !tree.children(of: $0.pid).isEmpty }.map(\.identity))
      // The selection moves up to where it can be seen.
      if let selected, let top = tree.ancestors(of: selected.pid).last(where: { folded.contains($0.identity) }) {
        self.selected = top.identity
      }
    } else {
      folded = []
    }
    rebuild()
  }

  /// Unfolds everything above a process.
  package mutating func reveal(_ process: ProcessIdentity) {
    for ancestor in tree.ancestors(of: process.pid) { folded.remove(ancestor.identity) }
    rebuild()
  }

  /// Tags or untags one process.
  package mutating func toggleTag(_ process: ProcessIdentity) {
    if tagged.remove(process) == nil { tagged.insert(process) }
  }

  /// Tags a process and all its descendants, shown or not.
  package mutating func tagSubtree(of process: ProcessIdentity) {
    tagged.formUnion(tree.subtree(of: process).map(\.identity))
  }

  package mutating func untagAll() { tagged = [] }
}
