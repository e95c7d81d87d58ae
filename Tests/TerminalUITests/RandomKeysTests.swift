import CheckpointRestart
import ProcessTree
import Synchronization
import SystemCalls
import Testing
import TerminalUI

/// Any keys, in any order, on screens of any size, while processes come and go: no trap, and the rules hold.
@Suite struct RandomKeysTests {
  /// A linear congruential generator: the same keys each time.
  private struct Numbers: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      // The low bits of such a generator are poor.
      return state ^ (state >> 32)
    }
  }

  private static let keys: [Key] =
    KeyTable.bindings.flatMap(\.keys).filter { $0 != .character("q") && $0 != .function(10) }
    + [.tab, .backTab, .delete, .escape, .enter, .enter, .down, .left, .right, .character(" "), .function(5)]
    + "0123456789abx/".map { Key.character($0) }

  @Test(arguments: [1, 2, 3, 4]) func anyKeysInAnyOrder(seed: UInt64) {
    var numbers = Numbers(state: seed)
    let screen = Screen()
    screen.images.entries.withLock {
      $0 = [ImageEntry(path: "/images/a.crtop", time: 1, bytes: 1, command: "a", rootPid: 100, tasks: 1)]
    }
    var stepsInOverlays = 0
    for step in 0..<1500 {
      if !screen.app.overlays.isEmpty { stepsInOverlays += 1 }
      // Much that opens is closed again at once, or the keys would meet dialogs only.
      let isEscape = !screen.app.overlays.isEmpty && Int.random(in: 0..<6, using: &numbers) == 0
      let isJob = screen.app.overlays.isEmpty && Int.random(in: 0..<10, using: &numbers) == 0
      let any = Self.keys.randomElement(using: &numbers) ?? .enter
      if isJob { screen.app.model.select(pid: Int32.random(in: 100...103, using: &numbers)) }
      if !screen.app.overlays.isEmpty && Int.random(in: 0..<4, using: &numbers) == 0 { screen.app.handle(.enter) }
      screen.app.handle(isEscape ? .escape : (isJob ? .character("D") : any))
      if step % 7 == 0 { act(screen, &numbers) }
      if step % 40 == 0 {
        screen.canvas = Canvas(
          width: Int.random(in: 0...130, using: &numbers), height: Int.random(in: 0...50, using: &numbers),
          glyphs: Bool.random(using: &numbers) ? .unicode : .ascii)
      }
      screen.draw()
      check(screen)
    }
    // It has been in many places.
    #expect(stepsInOverlays > 200 && stepsInOverlays < 1400)
    #expect(!screen.app.operations.ended.isEmpty)
  }

  private func act(_ screen: Screen, _ numbers: inout Numbers) {
    screen.clock.advance(Double.random(in: 0...3, using: &numbers))
    _ = screen.app.tick()
    screen.background.catchUp(screen.app)
    switch Int.random(in: 0..<6, using: &numbers) {
    case 0: screen.background.catchUp(screen.app)
    case 1:
      if screen.processes.records.count > 6 {
        screen.processes.records.remove(at: Int.random(in: 6..<screen.processes.records.count, using: &numbers))
      }
      screen.app.refresh()
    case 2:
      let pid = Int32.random(in: 300...400, using: &numbers)
      let parent = screen.processes.records.randomElement(using: &numbers)
      screen.processes.records.removeAll { $0.pid == pid }
      screen.processes.records.append(
        ProcessRecord(
          identity: ProcessIdentity(pid: pid, startTime: numbers.next() % 100_000 + 10_000), ppid: parent?.pid ?? 1,
          comm: "new\(pid)"))
      screen.app.refresh()
    case 3:
      let task = TaskName(pid: Int32.random(in: 1...5, using: &numbers), comm: "t")
      screen.engine.emit(
        .task(
          TaskProgress(
            task: task, phase: OperationPhase.allCases.randomElement(using: &numbers) ?? .memory,
            done: numbers.next() % 100, total: numbers.next() % 100)))
    case 4: screen.engine.emit(.failed([socketProblem]))
    default: screen.engine.emit(.done(OperationSummary(operation: "checkpoint", root: 100, tasks: 1)))
    }
  }

  private func check(_ screen: Screen) {
    let model = screen.app.model
    if let selected = model.selectedProcess {
      #expect(model.rows[model.cursor].process.identity == selected.identity)
      #expect(model.selectedSubtree.first?.identity == selected.identity)
    }
    let kernelSubtree = model.selectedSubtree.contains { $0.isKernelThread } && !model.showsKernelThreads
    #expect(!kernelSubtree)
    if screen.canvas.width >= Layout.minimumWidth, screen.canvas.height >= Layout.minimumHeight {
      #expect(!screen.canvas.text(row: screen.canvas.height - 1).isEmpty)
    }
    if let cursor = screen.canvas.cursor {
      #expect(0..<screen.canvas.height ~= cursor.row && 0..<screen.canvas.width ~= cursor.column)
    }
  }
}
