/// Defines `Scaffold`: what new tasks run while they are restored, and the memory through which they are told what to do.
///
/// It lies at one address, free in crtop and in all the tasks to be, in crtop itself and so in every task that descends from
/// it: one page of code, then a slot of shared memory for each process. Lists of calls are written by plain stores. New
/// tasks die with crtop (PTRACE_O_EXITKILL) until the restart is committed, so nothing here needs to heal.

internal import CLinux
internal import Glibc
public import SystemCalls

/// The mapping, in crtop's own address space; unmapped there when the owner goes.
public struct Scaffold: ~Copyable {
  /// Where it is, in every task.
  public let range: Range<UInt64>
  private static let codeLength: UInt64 = 4096
  private static let slotLength = UInt64(RemoteCalls.scratchLength)

  /// Bytes needed for a number of processes.
  public static func length(slots: Int) -> UInt64 { codeLength + UInt64(max(slots, 1)) * slotLength }

  /// Maps it at `address`, which must be free for `length(slots:)` bytes.
  ///
  /// - Parameter file: in whose pages it is to be, so that tasks that execute a program can map it again; -1: in none.
  /// - Throws: EEXIST where something is mapped, ENOMEM, or what mmap(2) says.
  public static func make(at address: UInt64, slots: Int, file: Int32 = -1) throws(Errno) -> Scaffold {
    let length = length(slots: slots)
    if file >= 0 {
      guard address + length <= lowEnd else { throw .noMemory }
      _ = try systemCall { ftruncate(file, Int(length)) }
    }
    try map(address, length, file)
    let scaffold = Scaffold(range: address..<address + length, file: file)
    let code = unsafe UnsafeMutableRawPointer(bitPattern: UInt(address))
    unsafe code?.copyMemory(from: crtop_injection_code(), byteCount: crtop_injection_code_length())
    _ = try systemCall { unsafe mprotect(code, Int(codeLength), PROT_READ | PROT_EXEC) }
    return scaffold
  }

  private let file: Int32
  /// The end of what 32-bit programs can map, without the room for their stacks.
  private static let lowEnd: UInt64 = 0xf000_0000

  private init(range: Range<UInt64>, file: Int32) { (self.range, self.file) = (range, file) }

  deinit {
    _ = unsafe munmap(UnsafeMutableRawPointer(bitPattern: UInt(range.lowerBound)), Int(range.count))
  }

  private static func map(_ address: UInt64, _ length: UInt64, _ file: Int32) throws(Errno) {
    let wanted = unsafe UnsafeMutableRawPointer(bitPattern: UInt(address))
    let flags = MAP_SHARED | MAP_FIXED_NOREPLACE | (file < 0 ? MAP_ANONYMOUS : 0)
    let got = unsafe mmap(wanted, Int(length), PROT_READ | PROT_WRITE, flags, file, 0)
    if unsafe got == MAP_FAILED { throw currentErrno() }
    guard unsafe got == wanted else { throw .fileExists }
  }

  /// Where the slot's data starts.
  private func base(of slot: Int) -> UInt64 { range.lowerBound + Self.codeLength + UInt64(slot) * Self.slotLength }

  /// A fresh list of calls for a slot.
  public func newCalls(slot: Int) -> RemoteCalls { RemoteCalls(base: base(of: slot)) }

  /// Lets a stopped thread make the calls; many threads may do so at once, each with a slot of its own.
  ///
  /// - Parameters:
  ///   - stopSignal: the signal by which it stops; must not be pending for it.
  ///   - unblocked: signals that are delivered at once, to end the thread; the others wait.
  public func start(
    _ thread: TracedThread, _ calls: RemoteCalls, stopSignal: Int32, unblocked: UInt64 = 0
  ) throws(Problem) {
    if calls.isTooLarge { throw calls.tooLarge(thread.name) }
    do throws(Errno) {
      unsafe copyData(calls)
      let mask = ~(SignalSets.bit(stopSignal) | unblocked)
      try begin(thread, calls, 0..<min(calls.count, RemoteCalls.callCapacity - 1), stopSignal, mask)
    } catch { throw error.problem(task: thread.name, "cannot make system calls inside the new task") }
  }

  /// Lets a stopped thread make the calls, the last of which ends it, without being traced any more.
  public func release(_ thread: TracedThread, _ calls: RemoteCalls, stopSignal: Int32) throws(Problem) {
    if calls.isTooLarge { throw calls.tooLarge(thread.name) }
    do throws(Errno) {
      unsafe copyData(calls)
      try prepare(thread, calls, 0..<calls.count, stopSignal, ~SignalSets.bit(stopSignal))
    } catch { throw error.problem(task: thread.name, "cannot make system calls inside the new task") }
    thread.detach()
  }

  /// Waits for the list's end and checks all results.
  ///
  /// - Parameter delivering: a signal that the list sends, and that takes effect; all others are dropped.
  public func finish(
    _ thread: TracedThread, _ calls: inout RemoteCalls, stopSignal: Int32, delivering: Int32 = 0
  ) throws(Problem) {
    var range = 0..<min(calls.count, RemoteCalls.callCapacity - 1)
    do throws(Errno) {
      while true {
        try awaitStop(thread, stopSignal, delivering)
        unsafe readResults(&calls, range)
        if range.upperBound == calls.count || calls.failure(in: range, of: thread.name) != nil { break }
        range = range.upperBound..<min(calls.count, range.upperBound + RemoteCalls.callCapacity - 1)
        try begin(thread, calls, range, stopSignal, ~SignalSets.bit(stopSignal))
      }
    } catch { throw error.problem(task: thread.name, "cannot make system calls inside the new task") }
    if let problem = calls.failure(in: 0..<range.upperBound, of: thread.name) { throw problem }
    unsafe readData(&calls)
  }

  /// Lets a thread enter the only call of the list, and interrupts it there: as a stop at a checkpoint does, and with what
  /// the kernel then remembers of the call. Gives what the call has returned; the thread is stopped.
  public func interrupt(_ thread: TracedThread, in calls: RemoteCalls) throws(Problem) -> Int64 {
    guard let call = calls.calls.first else { return 0 }
    do throws(Errno) {
      unsafe copyData(calls)
      var registers = try thread.registers()
      registers.prepare(call)
      let isCompat = CompatCall.isCompat(Int(call.number))
      registers.programCounter =
        range.lowerBound + UInt64(isCompat ? crtop_injection_compat_offset() : crtop_injection_single_offset())
      try thread.setRegisters(registers)
      try thread.startCall()
      try thread.finishCall()
      return try thread.registers().result
    } catch { throw error.problem(task: thread.name, "cannot put the task back into its call") }
  }

  /// Lets a new thread execute a program by the only call of the list, and maps the scaffold in the address space that it
  /// has then. The scaffold must be in a file's pages, which the thread keeps open.
  ///
  /// - Parameter instruction: where the program has `int $0x80`.
  public func execute(
    _ thread: TracedThread, in calls: RemoteCalls, instruction: UInt64
  ) throws(Problem) {
    guard let call = calls.calls.first else { return }
    do throws(Errno) {
      unsafe copyData(calls)
      var registers = try thread.registers()
      registers.prepare(call)
      registers.programCounter = range.lowerBound + UInt64(crtop_injection_single_offset())
      try make(registers, thread, expecting: 0)
      let slots = range.lowerBound + Self.codeLength..<range.upperBound
      for (part, protection) in [
        (range.lowerBound..<slots.lowerBound, PROT_READ | PROT_EXEC), (slots, PROT_READ | PROT_WRITE),
      ] {
        registers = try thread.registers()
        registers.prepareCall(
          CompatCall.mapMemory, part.lowerBound, UInt64(part.count), UInt64(protection),
          UInt64(MAP_SHARED | MAP_FIXED_NOREPLACE), UInt64(file), (part.lowerBound - range.lowerBound) / Self.codeLength
        )
        registers.programCounter = instruction
        try make(registers, thread, expecting: part.lowerBound)
      }
    } catch { throw error.problem(task: thread.name, "cannot execute a program in the new task") }
  }

  private func make(_ registers: Registers, _ thread: TracedThread, expecting expected: UInt64) throws(Errno) {
    try thread.setRegisters(registers)
    let result = try thread.makeCall()
    guard result != Int64(expected) else { return }
    throw Errno(rawValue: (-4095...0).contains(result) ? Int32(-result) : EINVAL)
  }

  /// Lets a thread make the calls, and waits for their end.
  public func run(
    _ thread: TracedThread, _ calls: inout RemoteCalls, stopSignal: Int32, unblocked: UInt64 = 0, delivering: Int32 = 0
  ) throws(Problem) {
    try start(thread, calls, stopSignal: stopSignal, unblocked: unblocked)
    try finish(thread, &calls, stopSignal: stopSignal, delivering: delivering)
  }

  /// Waits for the end of a thread whose list ends it; the wait status.
  public func awaitEnd(_ thread: TracedThread) throws(Problem) -> Int32 {
    do throws(Errno) {
      while true {
        switch try thread.waitForStop(seconds: 30) {
        case .ended(let status): return status
        case .signal(let signal): try thread.resume(signal: signal)
        case .interrupted, .event: try thread.resume()
        }
      }
    } catch { throw error.problem(task: thread.name, "the task does not end") }
  }

  private func begin(
    _ thread: TracedThread, _ calls: RemoteCalls, _ range: Range<Int>, _ stopSignal: Int32, _ mask: UInt64
  ) throws(Errno) {
    try prepare(thread, calls, range, stopSignal, mask)
    try thread.resume()
  }

  private func prepare(
    _ thread: TracedThread, _ calls: RemoteCalls, _ range: Range<Int>, _ stopSignal: Int32, _ mask: UInt64
  ) throws(Errno) {
    var part = Array(calls.calls[range])
    part.append(
      crtop_remote_call(
        number: Int64(SYS_tgkill), arguments: (Int64(thread.tgid), Int64(thread.tid), Int64(stopSignal), 0, 0, 0),
        result: 0))
    let address = calls.base + UInt64(RemoteCalls.dataCapacity)
    unsafe part.withUnsafeBytes { bytes in
      guard let source = bytes.baseAddress else { return }
      unsafe UnsafeMutableRawPointer(bitPattern: UInt(address))?.copyMemory(from: source, byteCount: bytes.count)
    }
    var registers = try thread.registers()
    registers.prepareList(
      at: self.range.lowerBound + UInt64(crtop_injection_list_offset()), calls: address, count: UInt64(part.count))
    try thread.setRegisters(registers)
    try thread.setSignalMask(mask)
  }

  private func awaitStop(_ thread: TracedThread, _ stopSignal: Int32, _ delivering: Int32) throws(Errno) {
    while true {
      switch try thread.waitForStop(seconds: 30) {
      case .signal(stopSignal): return
      case .signal(SIGSEGV), .signal(SIGBUS): throw .badAddress
      case .signal(let signal): try thread.resume(signal: signal == delivering ? signal : 0)
      case .interrupted, .event: try thread.resume()
      case .ended: throw .noSuchProcess
      }
    }
  }

  @unsafe private func copyData(_ calls: RemoteCalls) {
    unsafe calls.data.withUnsafeBytes { bytes in
      guard let source = bytes.baseAddress else { return }
      unsafe UnsafeMutableRawPointer(bitPattern: UInt(calls.base))?.copyMemory(from: source, byteCount: bytes.count)
    }
  }

  @unsafe private func readData(_ calls: inout RemoteCalls) {
    guard let source = unsafe UnsafeRawPointer(bitPattern: UInt(calls.base)) else { return }
    unsafe calls.data.withUnsafeMutableBytes { bytes in
      unsafe bytes.copyMemory(from: UnsafeRawBufferPointer(start: source, count: bytes.count))
    }
  }

  @unsafe private func readResults(_ calls: inout RemoteCalls, _ range: Range<Int>) {
    let address = UInt(calls.base) + UInt(RemoteCalls.dataCapacity)
    guard let source = unsafe UnsafePointer<crtop_remote_call>(bitPattern: address) else { return }
    for (offset, index) in range.enumerated() { calls.calls[index].result = unsafe source[offset].result }
  }
}
