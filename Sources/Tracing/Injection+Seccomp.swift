/// Whether a visit would be safe for a thread with seccomp filters, also if crtop dies in it and they are asked again.

internal import CLinux
internal import SystemCalls

extension Injection {
  /// The first call of a visit that the filters would answer in a way that the program would notice; `nil`: none.
  ///
  /// While crtop lives the filters are suspended. If it dies, the code finishes its list, with errors at worst, and must
  /// still be able to put back the signal mask. There is no way to make a call of which the filter says "kill" so that the
  /// death of the tracer an instant before would do no harm.
  public func firstForbidden(by filters: [SeccompFilter], in calls: RemoteCalls, of thread: TracedThread) -> Int? {
    let length = UInt64(RemoteCalls.scratchLength)
    let own: [(Int, [UInt64])] = [
      (
        Int(SYS_mmap),
        [
          scratch, length, UInt64(PROT_READ | PROT_WRITE),
          UInt64(MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE), .max, 0,
        ]
      ),
      (Int(SYS_munmap), [scratch, length]),
      (Int(SYS_tgkill), [UInt64(thread.tgid), UInt64(thread.tid), UInt64(stopSignal)]),
    ]
    let listed = calls.calls.map { call -> (Int, [UInt64]) in
      let a = call.arguments
      return (Int(call.number), [a.0, a.1, a.2, a.3, a.4, a.5].map(UInt64.init(bitPattern:)))
    }
    for (number, arguments) in own + listed {
      switch filters.action(number: number, arguments) {
      case .allow, .log, .error: continue
      default: return number
      }
    }
    switch filters.action(number: Int(SYS_rt_sigprocmask), [2, site.dataAddress + 24, 0, 8]) {
    case .allow, .log: return nil
    default: return Int(SYS_rt_sigprocmask)
    }
  }
}
