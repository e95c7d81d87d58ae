/// What the kernel would undo of a task's System V semaphore operations at its end (SEM_UNDO, semop(2)): refused.

internal import CLinux
internal import SystemCalls

enum SemaphoreAdjustments {
  /// Command of semctl(2): who has operated on a semaphore last.
  private static let lastOperator = 11

  /// Refuses the processes of a job that have some, as far as can be known.
  static func inspect(_ context: CheckpointContext) {
    if context.acceptedLosses.contains(.semaphoreAdjustments) { return }
    // Threads have a list to share from birth (CLONE_SYSVSEM): theirs may be empty.
    let operators = lastOperators()
    for process in context.liveProcesses
    where operators.contains(process.pid) && context.has(KCMP_SYSVSEM, process.driver) == true {
      context.refuse(
        process.problem(
          .notSupported, "its System V semaphore operations with SEM_UNDO",
          why: "the kernel shows nobody what it would undo at the task's end, so a restart could not set it again",
          remedy:
            "let the program end its use of semaphores, or accept the loss: \(AcceptedLoss.semaphoreAdjustments.flag)"))
    }
  }

  /// Of all semaphores that there are; 0 for those that nobody has operated on, or that crtop may not read.
  private static func lastOperators() -> Set<Int32> {
    guard let text = try? readText("/proc/sysvipc/sem") else { return [] }
    var found: Set<Int32> = []
    for line in text.split(separator: "\n").dropFirst() {
      let fields = line.split(separator: " ")
      guard fields.count > 3, let set = Int(fields[1]), let count = Int(fields[3]) else { continue }
      for number in 0..<max(0, count) {
        found.insert(Int32(truncatingIfNeeded: (try? rawSystemCall(Int(SYS_semctl), set, number, lastOperator)) ?? 0))
      }
    }
    return found
  }
}
