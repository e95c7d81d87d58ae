/// Defines `ProcessTree`, the processes of a snapshot with their parents and children.

/// A value: the processes of one moment, in order of pid, as a forest.
public struct ProcessTree: Sendable {
  /// All processes by pid, kernel threads included.
  public let processes: [ProcessRecord]
  private let indices: [Int32: Int]
  private let parents: [Int?]
  private let childIndices: [[Int]]
  private let rootIndices: [Int]

  /// Builds the forest. A process whose parent is not there becomes a root.
  public init(_ records: [ProcessRecord] = []) {
    let processes = records.sorted { $0.pid < $1.pid }
    var indices: [Int32: Int] = [:]
    indices.reserveCapacity(processes.count)
    for (index, process) in processes.enumerated() { indices[process.pid] = index }
    // The snapshot is not atomic: a parent's pid may have been reused by then. No parent is younger than its child.
    var parents = processes.map { process -> Int? in
      guard let parent = indices[process.ppid], processes[parent].startTime <= process.startTime else { return nil }
      return processes[parent].pid == process.pid ? nil : parent
    }
    Self.breakCycles(&parents)
    var children = [[Int]](repeating: [], count: processes.count)
    var roots: [Int] = []
    for (index, parent) in parents.enumerated() {
      if let parent { children[parent].append(index) } else { roots.append(index) }
    }
    self.processes = processes
    self.indices = indices
    self.parents = parents
    childIndices = children
    rootIndices = roots
  }

  /// Reused pids within one clock tick could still make a circle; one of its members then becomes a root.
  private static func breakCycles(_ parents: inout [Int?]) {
    var checked = [Int](repeating: 0, count: parents.count)
    for start in parents.indices where checked[start] == 0 {
      var current = start
      while checked[current] == 0 {
        checked[current] = start + 1
        guard let parent = parents[current] else { break }
        if checked[parent] == start + 1 { parents[current] = nil }
        current = parent
      }
    }
  }

  /// The process that has the pid now.
  public subscript(pid: Int32) -> ProcessRecord? { indices[pid].map { processes[$0] } }

  /// The very process, if it is still there.
  public subscript(identity: ProcessIdentity) -> ProcessRecord? {
    guard let index = indices[identity.pid], processes[index].identity == identity else { return nil }
    return processes[index]
  }

  /// Processes without a parent in the tree: usually 1, and 2 for the kernel's threads.
  public var roots: [ProcessRecord] { rootIndices.map { processes[$0] } }

  /// The children of a process, by pid; zombies that it has not reaped are among them.
  public func children(of pid: Int32) -> [ProcessRecord] {
    indices[pid].map { childIndices[$0].map { processes[$0] } } ?? []
  }

  /// The parent in the tree.
  public func parent(of pid: Int32) -> ProcessRecord? {
    indices[pid].flatMap { parents[$0] }.map { processes[$0] }
  }

  /// From the parent up to the root.
  public func ancestors(of pid: Int32) -> [ProcessRecord] {
    var found: [ProcessRecord] = []
    var current = indices[pid].flatMap { parents[$0] }
    while let index = current {
      found.append(processes[index])
      current = parents[index]
    }
    return found
  }

  /// The process and all its descendants, parents before children; empty if that very process is gone.
  public func subtree(of root: ProcessIdentity) -> [ProcessRecord] {
    guard let index = indices[root.pid], processes[index].identity == root else { return [] }
    var found: [ProcessRecord] = []
    var pending = [index]
    while let index = pending.popLast() {
      found.append(processes[index])
      pending.append(contentsOf: childIndices[index].reversed())
    }
    return found
  }

  /// The same without the kernel's threads.
  public func withoutKernelThreads() -> ProcessTree { ProcessTree(processes.filter { !$0.isKernelThread }) }
}
