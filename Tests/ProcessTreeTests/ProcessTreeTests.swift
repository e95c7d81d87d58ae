import ProcessTree
import Testing

@Suite struct ProcessTreeTests {
  private func record(_ pid: Int32, _ ppid: Int32, start: UInt64 = 10, kernel: Bool = false) -> ProcessRecord {
    var record = ProcessRecord(identity: ProcessIdentity(pid: pid, startTime: start), ppid: ppid, comm: "p\(pid)")
    record.isKernelThread = kernel
    return record
  }

  @Test func subtreeHasParentsBeforeChildren() {
    let tree = ProcessTree([
      record(9, 3), record(1, 0), record(3, 1), record(4, 3), record(5, 4), record(2, 0, kernel: true),
      record(7, 2, kernel: true),
    ])
    #expect(tree.roots.map(\.pid) == [1, 2])
    #expect(tree.subtree(of: ProcessIdentity(pid: 3, startTime: 10)).map(\.pid) == [3, 4, 5, 9])
    #expect(tree.ancestors(of: 5).map(\.pid) == [4, 3, 1])
    #expect(tree.parent(of: 1) == nil)
    #expect(tree.children(of: 3).map(\.pid) == [4, 9])
    #expect(tree.withoutKernelThreads().processes.map(\.pid) == [1, 3, 4, 5, 9])
  }

  @Test func aReusedPidIsAnotherProcess() {
    let tree = ProcessTree([record(1, 0), record(3, 1, start: 77)])
    #expect(tree.subtree(of: ProcessIdentity(pid: 3, startTime: 10)).isEmpty)
    #expect(tree[ProcessIdentity(pid: 3, startTime: 10)] == nil)
    #expect(tree[ProcessIdentity(pid: 3, startTime: 77)]?.pid == 3)
  }

  @Test func noParentIsYoungerThanItsChild() {
    let tree = ProcessTree([record(1, 0, start: 1), record(5, 9, start: 20), record(9, 1, start: 30)])
    #expect(tree.roots.map(\.pid) == [1, 5])
    #expect(tree.children(of: 9).isEmpty)
  }

  @Test func circlesAreCut() {
    let tree = ProcessTree([record(5, 9), record(9, 5), record(6, 6), record(7, 9)])
    var reached: Set<Int32> = []
    for root in tree.roots { reached.formUnion(tree.subtree(of: root.identity).map(\.pid)) }
    #expect(reached == [5, 6, 7, 9])
    #expect(tree.ancestors(of: 7).count <= 3)
  }
}
