/// What the kernel would undo of a task's System V semaphore operations at its end (SEM_UNDO, semop(2)): refused.

internal import CLinux
internal import SystemCalls
internal import Tracing

enum SemaphoreAdjustments {
  /// Command of semctl(2): who has operated on a semaphore last.
  private static let lastOperator = 11

  /// Refuses the processes of a job that have some. Root sees which; for others those count that have operated on a
  /// semaphore last.
  static func inspect(_ context: CheckpointContext) {
    if context.acceptedLosses.contains(.semaphoreAdjustments) { return }
    let sizes = setSizes()
    guard !sizes.isEmpty else { return }
    lazy var operators = lastOperators(sizes)
    // Threads have a list to share from birth (CLONE_SYSVSEM): theirs may be empty.
    for process in context.liveProcesses where context.has(KCMP_SYSVSEM, process.driver) == true {
      let isSeen = try? RememberedCalls.kernel?.hasSemaphoreAdjustments(process.driver, sizes: sizes)
      guard isSeen ?? operators.contains(process.pid) else { continue }
      context.refuse(
        process.problem(
          .notSupported, "its System V semaphore operations with SEM_UNDO",
          why: "what the kernel would undo at the task's end cannot be set again",
          remedy:
            "let the program end its use of semaphores, or accept the loss: \(AcceptedLoss.semaphoreAdjustments.flag)"))
    }
  }

  /// Of all sets that there are, by their ids.
  private static func setSizes() -> [Int32: Int] {
    guard let text = try? readText("/proc/sysvipc/sem") else { return [:] }
    var sizes: [Int32: Int] = [:]
    for line in text.split(separator: "\n").dropFirst() {
      let fields = line.split(separator: " ")
      guard fields.count > 3, let set = Int32(fields[1]), let count = Int(fields[3]) else { continue }
      sizes[set] = count
    }
    return sizes
  }

  /// 0 for semaphores that nobody has operated on, or that crtop may not read.
  private static func lastOperators(_ sizes: [Int32: Int]) -> Set<Int32> {
    var found: Set<Int32> = []
    for (set, count) in sizes {
      for number in 0..<max(0, count) {
        let got = try? rawSystemCall(Int(SYS_semctl), Int(set), number, lastOperator)
        found.insert(Int32(truncatingIfNeeded: got ?? 0))
      }
    }
    return found
  }
}
