/// Moves the selection: by rows, to a process, by search.

package import ProcessTree

extension TreeModel {
  /// The selected process as the last snapshot shows it; `nil` too when it cannot be seen, so that nothing acts on it.
  package var selectedProcess: ProcessRecord? { isSelectionVisible ? selected.flatMap { tree[$0] } : nil }

  /// The selected process and all its descendants, folded and filtered ones included.
  package var selectedSubtree: [ProcessRecord] { selectedProcess.map { tree.subtree(of: $0.identity) } ?? [] }

  /// Whether the bar stands on the selected process: a filter may hide it, and then nothing must look selected.
  package var isSelectionVisible: Bool {
    rows.indices.contains(cursor) && selected != nil && rows[cursor].process.identity == selected
  }

  /// Moves by rows, stopping at the ends. From a lost or hidden selection, goes on from where the bar was.
  package mutating func move(by rows: Int) {
    guard !self.rows.isEmpty else { return }
    let start = isSelectionVisible ? cursor + rows : cursor + (rows > 0 ? rows - 1 : rows)
    // Rows of threads are passed over.
    let index = min(max(start, 0), self.rows.count - 1)
    let next = rows > 0 ? self.rows[index...].firstIndex { $0.thread == nil } : nil
    selectRow(next ?? index)
  }

  /// Selects the process in a row, counted from 0 and limited to what there is; for a thread its process.
  package mutating func selectRow(_ index: Int) {
    guard !rows.isEmpty else { return }
    let index = min(max(index, 0), rows.count - 1)
    cursor = rows[...index].lastIndex { $0.thread == nil } ?? index
    selected = rows[cursor].process.identity
    lost = nil
    heldLine = nil
  }

  /// Selects a process wherever it is, unfolding what hides it; `false` if it is not there.
  @discardableResult
  package mutating func select(_ process: ProcessIdentity) -> Bool {
    guard let record = tree[process] else { return false }
    if record.isKernelThread && !showsKernelThreads { showsKernelThreads = true }
    selected = process
    lost = nil
    heldLine = nil
    reveal(process)
    // What was asked for must be seen.
    if !isSelectionVisible && isFiltered { (userFilter, filter) = (nil, "") }
    return true
  }

  /// Selects whoever has the pid.
  @discardableResult
  package mutating func select(pid: Int32) -> Bool {
    tree[pid].map { select($0.identity) } ?? false
  }

  /// Selects the parent in the tree.
  package mutating func selectParent() {
    if let selected, let parent = tree.parent(of: selected.pid) { select(parent.identity) }
  }

  /// Finds the next process that matches, in the order of the rows with folded ones included, from the selected one on.
  ///
  /// - Parameter skippingCurrent: go on even if the selected one matches.
  @discardableResult
  package mutating func search(_ pattern: String, skippingCurrent: Bool, backwards: Bool = false) -> Bool {
    let query = ProcessQuery(pattern)
    guard !query.isEmpty else { return query.fault == nil }
    var unfolded = self
    unfolded.folded.removeAll()
    unfolded.rebuild()
    var candidates = unfolded.rows.map(\.process)
    if backwards { candidates.reverse() }
    let start = candidates.firstIndex { $0.identity == selected } ?? 0
    let ordered = candidates[start...] + candidates[..<start]
    let found = (skippingCurrent ? ordered.dropFirst() + ordered.prefix(1) : ordered).first(where: query.matches)
    guard let found else { return false }
    return select(found.identity)
  }

  /// Holds the selected row where it is on the screen, or lets it go; whether it is held now.
  package mutating func toggleFollowing() -> Bool {
    heldLine = heldLine == nil && isSelectionVisible ? cursor - top : nil
    return heldLine != nil
  }

  /// Chooses the first row shown so that the bar is among `height` rows. After a jump the bar stands in the upper third:
  /// what comes below a process are its descendants.
  package mutating func scroll(height: Int) {
    guard height > 0 else { return }
    if let heldLine, isSelectionVisible {
      top = max(min(cursor - min(heldLine, height - 1), rows.count - height), 0)
      return
    }
    // The threads of the selected process come along as far as there is room.
    let threads = rows.dropFirst(cursor + 1).prefix(height - 1).prefix { $0.thread != nil }.count
    if cursor < top - 1 || cursor > top + height {
      top = cursor - height / 3
    } else {
      top = min(max(top, cursor + threads - height + 1), cursor)
    }
    top = max(min(top, rows.count - height), 0)
  }
}

extension TreeModel {
  /// After the user has asked for other rows: if the selected process is not among them, selects the first match.
  mutating func selectSomethingVisible() {
    rebuild()
    let isMatch = isSelectionVisible && !rows[cursor].isContext
    guard !isMatch, let index = rows.firstIndex(where: { !$0.isContext }) else { return }
    selectRow(index)
  }
}

extension TreeModel {
  /// The tagged processes that have no tagged ancestor, by pid: the roots of what is tagged.
  package var taggedSubtrees: [ProcessRecord] {
    tree.processes.filter { process in
      tagged.contains(process.identity)
        && !tree.ancestors(of: process.pid).contains { tagged.contains($0.identity) }
    }
  }
}
