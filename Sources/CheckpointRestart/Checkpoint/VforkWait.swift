/// Defines `VforkWait`: whether a task waits in vfork(2), and for whom.

internal import CLinux
internal import SystemCalls

enum VforkWait {
  /// The child that a thread in vfork(2), or clone(2) with CLONE_VFORK, waits for: it has its memory.
  static func child(of tid: Int32, among children: [Int32]) -> Int32? {
    var reader = ProcFileReader(capacity: 4096)
    // The number of the call it is in (proc(5)).
    guard var line = try? reader.read("/proc/\(tid)/syscall"), let call = line.unsigned(),
      [UInt64(SYS_vfork), UInt64(SYS_clone), UInt64(SYS_clone3)].contains(call)
    else { return nil }
    return children.first { child in
      (try? rawSystemCall(Int(SYS_kcmp), Int(tid), Int(child), Int(KCMP_VM.rawValue))) == 0
    }
  }
}
