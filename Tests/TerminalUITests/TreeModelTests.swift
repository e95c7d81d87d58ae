import ProcessTree
import Testing
import TerminalUI

@Suite struct TreeModelTests {
  private func model() -> TreeModel {
    var model = TreeModel()
    model.update(ProcessTree(sampleProcesses()))
    return model
  }

  private func pids(_ model: TreeModel) -> [Int32] { model.rows.map(\.process.pid) }

  private func search(
    _ model: inout TreeModel, _ pattern: String, skippingCurrent: Bool, backwards: Bool = false
  ) -> Bool {
    model.search(pattern, skippingCurrent: skippingCurrent, backwards: backwards)
  }

  @Test func rowsAreTheTree() {
    let model = model()
    #expect(pids(model) == [1, 100, 101, 102, 103, 200, 900])
    #expect(model.rows.map(\.depth) == [0, 1, 2, 3, 3, 1, 2])
    #expect(model.rows[4].trunks == [true, false, false])
  }

  @Test func kernelThreadsAreSeparate() {
    var model = model()
    model.showsKernelThreads = true
    #expect(pids(model).contains(2))
  }

  @Test func foldedMembersStillBelongToTheSubtree() {
    var model = model()
    model.select(pid: 100)
    model.setFolded(ProcessIdentity(pid: 100, startTime: 1000), true)
    #expect(pids(model) == [1, 100, 200, 900])
    #expect(model.rows[1].hidden == 3)
    #expect(model.selectedSubtree.map(\.pid) == [100, 101, 102, 103])
  }

  @Test func filteredMembersStillBelongToTheSubtree() {
    var model = model()
    model.filter = "train"
    #expect(pids(model) == [1, 100])
    #expect(model.rows.map(\.isContext) == [true, false])
    #expect(model.selected?.pid == 100)
    #expect(model.selectedSubtree.count == 4)
  }

  @Test func filterKeepsAncestorsAndIgnoresFolds() {
    var model = model()
    model.toggleAllFolds()
    model.filter = "FROST"
    #expect(pids(model) == [1, 100, 101, 103])
    model.filter = ""
    model.userFilter = 1000
    #expect(pids(model) == [1, 100])
    model.isTree = false
    #expect(pids(model) == [100])
  }

  @Test func selectionFollowsTheProcessNotTheRow() {
    var model = model()
    model.isTree = false
    model.select(pid: 103)
    model.order = SortOrder(.memory)
    #expect(model.rows[model.cursor].process.pid == 103)
    var records = sampleProcesses()
    records.insert(ProcessRecord(identity: ProcessIdentity(pid: 50, startTime: 500), ppid: 1, comm: "new"), at: 0)
    model.update(ProcessTree(records))
    #expect(model.selectedProcess?.pid == 103)
  }

  @Test func whenItsProcessEndsNothingIsSelected() {
    var model = model()
    model.select(pid: 103)
    // Its pid is in use again, by another process.
    var records = sampleProcesses().filter { $0.pid != 103 }
    records.append(ProcessRecord(identity: ProcessIdentity(pid: 103, startTime: 9999), ppid: 1, comm: "other"))
    model.update(ProcessTree(records))
    #expect(model.selected == nil && model.selectedSubtree.isEmpty && !model.isSelectionVisible)
    #expect(model.lost?.comm == "frost")
    let place = model.cursor
    model.move(by: 1)
    #expect(model.selected == model.rows[place].process.identity)
  }

  @Test func searchFindsFoldedProcesses() {
    var model = model()
    model.toggleAllFolds()
    #expect(!pids(model).contains(103))
    #expect(search(&model, "frost", skippingCurrent: false))
    #expect(model.selectedProcess?.pid == 103)
    #expect(!search(&model, "nowhere", skippingCurrent: false))
    #expect(model.selectedProcess?.pid == 103)
  }

  @Test func searchGoesRound() {
    var model = model()
    model.select(pid: 900)
    #expect(search(&model, "r", skippingCurrent: true))
    let first = model.selected?.pid
    #expect(search(&model, "r", skippingCurrent: true, backwards: true))
    #expect(model.selected?.pid == 900)
    #expect(first == 100)
  }

  @Test func sortingIsStable() {
    var model = model()
    model.isTree = false
    model.order = SortOrder(.processor)
    #expect(pids(model) == [100, 1, 101, 102, 103, 200, 900])
    model.order = SortOrder(.state)
    #expect(pids(model).prefix(3) == [103, 102, 100])
  }

  @Test func tagsReachFoldedProcesses() {
    var model = model()
    model.setFolded(ProcessIdentity(pid: 100, startTime: 1000), true)
    model.tagSubtree(of: ProcessIdentity(pid: 100, startTime: 1000))
    #expect(Set(model.tagged.map(\.pid)) == [100, 101, 102, 103])
    model.update(ProcessTree(sampleProcesses().filter { $0.pid != 102 }))
    #expect(model.tagged.count == 3)
  }

  @Test func scrollingKeepsTheBarInSight() {
    var model = TreeModel()
    model.update(
      ProcessTree(
        (1...100).map { ProcessRecord(identity: .init(pid: $0, startTime: UInt64($0)), ppid: 0, comm: "p") }))
    model.selectRow(60)
    model.scroll(height: 10)
    #expect(model.top...model.top + 9 ~= 60)
    model.scroll(height: 200)
    #expect(model.top == 0)
    model.selectRow(1000)
    model.scroll(height: 10)
    #expect(model.top == 90)
  }
}
