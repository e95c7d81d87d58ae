/// What the kernel would undo of a task's System V semaphore operations.

internal import CLinux
public import SystemCalls

extension KernelMemory {
  /// Whether a task has adjustments that would change something at its end (struct sem_undo, ipc/sem.c).
  ///
  /// - Parameter sizes: how many semaphores each set has, by its id; adjustments to other sets have no effect any more.
  /// - Throws: EINVAL on a kernel whose structures look different.
  public func hasSemaphoreAdjustments(_ tid: Int32, sizes: [Int32: Int]) throws(Errno) -> Bool {
    guard let member = offset(CRTOP_TASK_SEMAPHORES), let first = offset(CRTOP_UNDO_LIST_FIRST),
      let next = offset(CRTOP_UNDO_NEXT), let set = offset(CRTOP_UNDO_SET), let values = offset(CRTOP_UNDO_VALUES)
    else { throw .invalidArgument }
    let list = try words(at: try address(of: tid) + member)[0]
    guard list != 0 else { return false }
    let head = list + first
    var node = try words(at: head)[0]
    // One for each set that the task has used.
    for _ in 0..<1 << 16 where node != head {
      let undo = node - next
      let id = Int32(truncatingIfNeeded: try words(at: undo + set)[0])
      if let count = sizes[id], count > 0 {
        // Behind the structure, or on older kernels where a pointer in it says.
        let start = values == set + 4 ? undo + values : try words(at: undo + values)[0]
        for part in stride(from: 0, to: count * 2, by: Int(CRTOP_KERNEL_READ)) {
          let size = min(count * 2 - part, Int(CRTOP_KERNEL_READ))
          if try bytes(at: start + UInt64(part), count: size).contains(where: { $0 != 0 }) { return true }
        }
      }
      node = try words(at: node)[0]
    }
    return false
  }
}
