/// Defines `KernelMemory`, which reads what the kernel remembers of a task and shows to BPF programs only.

internal import CLinux
internal import Synchronization
public import SystemCalls

/// Needs CAP_BPF and CAP_PERFMON, and a kernel that describes its structures.
public final class KernelMemory: Sendable {
  private let layout: crtop_kernel_layout
  private let taskProgram: OwnedDescriptor
  /// Made when memory is first read.
  private let memory = Mutex<MemoryReader?>(nil)

  private struct MemoryReader: ~Copyable {
    let program, map: OwnedDescriptor

    init() throws(Errno) {
      let map = OwnedDescriptor(adopting: try systemCall { crtop_memory_map() })
      program = OwnedDescriptor(adopting: try systemCall { crtop_memory_program(map.number) })
      self.map = map
    }

    func read(_ address: UInt64, _ count: Int, into bytes: inout [CChar]) throws(Errno) {
      _ = try systemCall {
        unsafe crtop_read_kernel_memory(program.number, map.number, address, UInt32(count), &bytes)
      }
    }
  }

  /// - Throws: EPERM without the privileges or where the kernel is locked down, ENOENT or EINVAL where it has no type
  ///   information.
  public init() throws(Errno) {
    var layout = crtop_kernel_layout()
    _ = try systemCall { unsafe crtop_read_kernel_layout(&layout) }
    taskProgram = OwnedDescriptor(adopting: try systemCall { unsafe crtop_task_program(&layout) })
    self.layout = layout
  }

  /// The task of a thread; it should be stopped, or asleep.
  private func task(_ tid: Int32) throws(Errno) -> crtop_kernel_task {
    var task = crtop_kernel_task()
    _ = try systemCall { unsafe crtop_read_task(taskProgram.number, tid, &task) }
    return task
  }

  /// What is remembered of the call that a stop has interrupted; `nil` when the call is not known.
  public func restartBlock(of tid: Int32) throws(Errno) -> RestartBlock? { RestartBlock(try task(tid)) }

  /// The address of a thread's `task_struct`.
  func address(of tid: Int32) throws(Errno) -> UInt64 { try task(tid).address }

  /// Where a member is in its structure; `nil` where this kernel has none of that name.
  func offset(_ member: crtop_kernel_member) -> UInt64? {
    let index = Int(member.rawValue)
    return unsafe withUnsafeBytes(of: layout.offset) { bytes in
      unsafe UInt64(exactly: bytes.loadUnaligned(fromByteOffset: index * 4, as: Int32.self))
    }
  }

  /// Memory of the kernel.
  ///
  /// - Parameter count: 1 to `CRTOP_KERNEL_READ`.
  func bytes(at address: UInt64, count: Int) throws(Errno) -> [UInt8] {
    guard (1...Int(CRTOP_KERNEL_READ)).contains(count) else { throw .invalidArgument }
    var bytes = [CChar](repeating: 0, count: Int(CRTOP_KERNEL_READ))
    try memory.withLock { memory throws(Errno) in
      if memory == nil { memory = try MemoryReader() }
      try memory?.read(address, count, into: &bytes)
    }
    return bytes.prefix(count).map { UInt8(bitPattern: $0) }
  }

  /// 64-bit words of the kernel's memory.
  func words(at address: UInt64, count: Int = 1) throws(Errno) -> [UInt64] {
    let bytes = try bytes(at: address, count: count * 8)
    return (0..<count).map { index in
      unsafe bytes.withUnsafeBytes { unsafe $0.loadUnaligned(fromByteOffset: index * 8, as: UInt64.self) }
    }
  }
}
