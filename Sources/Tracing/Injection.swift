/// Defines `Injection`, which makes system calls inside a running job's task, so that the task survives crtop at any instant.
///
/// The way of a visit, and what happens to the task if crtop is killed after each step:
/// 1. Code and data go into the vDSO's padding: nothing, nobody runs them.
/// 2. One PTRACE_SETREGS switches the thread over: the code maps scratch memory, sends itself an ignored signal, unmaps, and
///    restores mask and registers.
/// 3. PTRACE_SETSIGMASK blocks signals: the code restores the mask.
/// 4. Lists of calls run, each ended by a signal-delivery stop: as 2.
/// 5. The mask is put back, then the registers: from here the task is as it was.
/// 6. The padding is made zero again: nothing.

internal import CLinux
public import SystemCalls

/// Visits to the threads of one process, one thread at a time.
public final class Injection {
  private let memory: TaskMemory
  let site: InjectionSite
  let stopSignal: Int32
  private(set) var scratch: UInt64
  private var scratchIsMapped = false
  private var codeIsWritten = false
  private var visit: Visit?

  /// A thread inside the code, with the state it must get back.
  private struct Visit {
    let thread: TracedThread
    let registers: Registers
    let mask: UInt64
    var isSwitchedOver = false
  }

  /// Prepares visits; writes nothing yet.
  ///
  /// - Parameters:
  ///   - leader: a stopped thread of the process.
  ///   - signals: of the process; a harmless one is needed.
  ///   - executable: mappings in whose tail the code may go, the vDSO first.
  ///   - scratch: a free address range of `RemoteCalls.scratchLength` bytes.
  public init(
    into leader: TracedThread, signals: SignalSets, executable: [Range<UInt64>], scratch: UInt64
  ) throws(Problem) {
    let remedy = "try again in a moment"
    guard let stopSignal = signals.harmlessSignal else {
      throw Problem(
        task: leader.name, errno: .resourceBusy, what: "its signals",
        why: "it catches or has pending every signal that could be used to stop it without a trace", remedy: remedy)
    }
    self.stopSignal = stopSignal
    self.scratch = scratch
    let found: InjectionSite?
    do throws(Errno) {
      memory = try TaskMemory(of: leader.tid)
      found = try InjectionSite.find(in: memory, candidates: executable)
    } catch { throw error.problem(task: leader.name, "cannot read its memory") }
    guard let found else {
      throw Problem(
        task: leader.name, errno: .noMemory, what: "its executable mappings",
        why: "none ends in \(InjectionSite.length) zero bytes, where crtop's code would go")
    }
    site = found
  }

  /// Works in the scratch memory that a killed crtop has left between two visits, if it has. So its address stays on record
  /// until it is gone, however often crtop is killed. No thread may be inside the code, no list have been made.
  public func adoptScratch() {
    guard let left = site.leftBehind, isOurs(left) else { return }
    scratch = left.lowerBound
    scratchIsMapped = true
  }

  /// A fresh list of calls for this process.
  public func newCalls() -> RemoteCalls {
    var calls = RemoteCalls(base: scratch)
    _ = calls.place(words: [UInt64(CRTOP_INJECTION_MAGIC), scratch])
    return calls
  }

  /// Whether a thread stands inside the code, let go there by a crtop that was killed.
  public func isInside(_ registers: Registers) -> Bool { site.range.contains(registers.programCounter) }

  /// Begins a visit. The thread must be stopped, and no other one be visited.
  ///
  /// - Parameter registers: the thread's registers; it gets exactly these back.
  public func enter(_ thread: TracedThread, registers: Registers) throws(Problem) {
    do throws(Errno) {
      let mask = try thread.signalMask()
      visit = Visit(thread: thread, registers: registers, mask: mask)
      try writeCode(thread, registers: registers.withCallRestarted, mask: mask)
    } catch { throw error.problem(task: thread.name, "cannot prepare system calls inside the task") }
  }

  /// Lets the first part of the list run; several processes may do so at once. `finish` must follow.
  public func start(_ calls: RemoteCalls) throws(Problem) {
    guard let thread = visit?.thread else { return }
    if calls.isTooLarge { throw calls.tooLarge(thread.name) }
    do throws(Errno) {
      if !scratchIsMapped { try mapScratch() }
      try begin(calls, 0..<min(calls.count, RemoteCalls.callCapacity))
    } catch { throw error.problem(task: thread.name, "cannot make system calls inside the task") }
  }

  /// Waits for the list's end, checks all results, and reads back data and results.
  public func finish(_ calls: inout RemoteCalls) throws(Problem) {
    guard let thread = visit?.thread else { return }
    var range = 0..<min(calls.count, RemoteCalls.callCapacity)
    do throws(Errno) {
      while true {
        _ = try awaitStop()
        try readBack(&calls, range)
        if range.upperBound == calls.count { break }
        range = range.upperBound..<min(calls.count, range.upperBound + RemoteCalls.callCapacity)
        try begin(calls, range)
      }
    } catch { throw error.problem(task: thread.name, "cannot make system calls inside the task") }
    if let problem = calls.failure(in: 0..<calls.count, of: thread.name) { throw problem }
  }

  /// Ends the visit: the thread has its own mask and registers again, and is still stopped.
  ///
  /// - Parameter last: nobody of this process is visited any more: scratch memory and code go.
  public func leave(last: Bool) throws(Problem) {
    guard let visit else { return }
    do throws(Errno) {
      if last && scratchIsMapped {
        try runSingle(Int(SYS_munmap), scratch, UInt64(RemoteCalls.scratchLength))
        scratchIsMapped = false
      }
      if visit.isSwitchedOver { try visit.thread.setSignalMask(visit.mask) }
      try visit.thread.setRegisters(visit.registers)
      self.visit = nil
      if last && codeIsWritten {
        try memory.write(bytes: [UInt8](repeating: 0, count: InjectionSite.length), to: site.address)
        codeIsWritten = false
      }
    } catch { throw error.problem(task: visit.thread.name, "cannot take crtop's code out of the task") }
  }

  /// Gives a visited thread its mask and registers back, whatever went wrong before; what cannot be undone now is left
  /// where it harms nobody and where the next run finds it.
  public func abandon() {
    guard let visit else { return }
    if (try? leave(last: true)) != nil { return }
    if visit.isSwitchedOver { try? visit.thread.setSignalMask(visit.mask) }
    try? visit.thread.setRegisters(visit.registers)
    self.visit = nil
  }

  // MARK: - Steps

  private func writeCode(_ thread: TracedThread, registers: Registers, mask: UInt64) throws(Errno) {
    let raw = registers.raw
    let farJump = site.address + UInt64(crtop_injection_far_offset())
    let data = crtop_injection_data(
      tgid: UInt64(thread.tgid), tid: UInt64(thread.tid), signal: UInt64(stopSignal), mask: mask,
      flags: raw.eflags, rsp: raw.rsp, rip: registers.is32Bit ? farJump : raw.rip, rax: raw.rax,
      rbx: raw.rbx, rcx: raw.rcx, rdx: raw.rdx, rsi: raw.rsi, rdi: raw.rdi,
      rbp: raw.rbp, r8: raw.r8, r9: raw.r9, r10: raw.r10, r11: raw.r11,
      r12: raw.r12, r13: raw.r13, r14: raw.r14, r15: raw.r15,
      far_jump: raw.rip & 0xffff_ffff | raw.cs << 32, scratch: scratch,
      scratch_length: UInt64(RemoteCalls.scratchLength), magic: UInt64(CRTOP_INJECTION_MAGIC))
    var bytes: [UInt8] = []
    if !codeIsWritten {
      bytes = unsafe Array(
        UnsafeRawBufferPointer(start: crtop_injection_code(), count: InjectionSite.codeLength))
    }
    unsafe withUnsafeBytes(of: data) { unsafe bytes.append(contentsOf: $0) }
    try memory.write(bytes: bytes, to: codeIsWritten ? site.dataAddress : site.address)
    codeIsWritten = true
  }

  private func mapScratch() throws(Errno) {
    let protection = UInt64(PROT_READ | PROT_WRITE)
    let flags = UInt64(MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE)
    let length = UInt64(RemoteCalls.scratchLength)
    let result = try runSingle(Int(SYS_mmap), scratch, length, protection, flags, UInt64.max, 0)
    guard result == Int64(bitPattern: scratch) else { throw Errno(rawValue: Int32(truncatingIfNeeded: -result)) }
    scratchIsMapped = true
    try memory.write(bytes: Array(newCalls().data), to: scratch)
  }

  /// A mapping that a killed crtop left says so itself; anything else at that address is the program's.
  private func isOurs(_ range: Range<UInt64>) -> Bool {
    guard let head = try? memory.bytes(at: range.lowerBound, count: 16) else { return false }
    var expected: [UInt8] = []
    for word in [UInt64(CRTOP_INJECTION_MAGIC), range.lowerBound] {
      unsafe withUnsafeBytes(of: word) { unsafe expected.append(contentsOf: $0) }
    }
    return head == expected
  }

  @discardableResult
  private func runSingle(
    _ number: Int, _ a: UInt64, _ b: UInt64, _ c: UInt64 = 0, _ d: UInt64 = 0, _ e: UInt64 = 0, _ f: UInt64 = 0
  ) throws(Errno) -> Int64 {
    guard let visit else { throw .invalidArgument }
    var registers = visit.registers
    registers.prepareCall(number, a, b, c, d, e, f)
    registers.raw.r15 = 0
    registers.programCounter = site.address + UInt64(crtop_injection_single_offset())
    try switchOver(registers)
    return Int64(bitPattern: try awaitStop().raw.r15)
  }

  private func begin(_ calls: RemoteCalls, _ range: Range<Int>) throws(Errno) {
    guard let visit else { throw .invalidArgument }
    let callsAddress = scratch + UInt64(RemoteCalls.dataCapacity)
    if range.lowerBound == 0 {
      try unsafe calls.data.withBytes { bytes throws(Errno) in unsafe try memory.write(bytes, to: scratch) }
    }
    let slice = unsafe calls.calls[range].withUnsafeBytes { unsafe Array($0) }
    try unsafe slice.withBytes { bytes throws(Errno) in unsafe try memory.write(bytes, to: callsAddress) }
    var registers = visit.registers
    registers.prepareList(
      at: site.address + UInt64(crtop_injection_list_offset()), calls: callsAddress, count: UInt64(range.count))
    registers.raw.r15 = scratch
    try switchOver(registers)
  }

  private func switchOver(_ registers: Registers) throws(Errno) {
    guard var visit else { throw .invalidArgument }
    try visit.thread.setRegisters(registers)
    if !visit.isSwitchedOver {
      visit.isSwitchedOver = true
      self.visit = visit
      try visit.thread.setSignalMask(~SignalSets.bit(stopSignal))
    }
    try visit.thread.resume()
  }

  /// Waits until the thread stands behind its tgkill; other stops on the way are dealt with.
  private func awaitStop() throws(Errno) -> Registers {
    guard let thread = visit?.thread else { throw .invalidArgument }
    let stopped = site.address + UInt64(crtop_injection_stopped_offset())
    while true {
      switch try thread.waitForStop() {
      case .signal(stopSignal):
        let registers = try thread.registers()
        if registers.programCounter == stopped { return registers }
        try thread.resume()  // somebody else sent it; the task ignores it
      case .signal(let signal):  // only SIGSTOP cannot be blocked
        thread.heldBackSignals.append(signal)
        try thread.resume()
      case .interrupted, .event: try thread.resume()
      case .ended: throw .noSuchProcess
      }
    }
  }

  private func readBack(_ calls: inout RemoteCalls, _ range: Range<Int>) throws(Errno) {
    let stride = MemoryLayout<crtop_remote_call>.stride
    var bytes = [UInt8](repeating: 0, count: range.count * stride)
    let callsAddress = scratch + UInt64(RemoteCalls.dataCapacity)
    try unsafe bytes.withMutableBytes { buffer throws(Errno) in unsafe try memory.read(callsAddress, into: buffer) }
    unsafe bytes.withUnsafeBytes { buffer in
      for (offset, index) in range.enumerated() {
        calls.calls[index].result = unsafe buffer.loadUnaligned(
          fromByteOffset: offset * stride + stride - 8, as: Int64.self)
      }
    }
    try unsafe calls.data.withMutableBytes { buffer throws(Errno) in unsafe try memory.read(scratch, into: buffer) }
  }
}
