/// What the doctor tries of the kernel. Each probe makes the very call that the engine makes.

internal import CLinux
internal import Glibc
internal import SystemCalls

extension Finding {
  /// PTRACE_GET_RSEQ_CONFIGURATION is the youngest call that nothing can stand in for.
  private static let oldestKernel = (5, 13)

  static func kernel() -> Finding {
    var name = utsname()
    unsafe uname(&name)
    let release = unsafe withUnsafeBytes(of: name.release) {
      unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
    }
    let machine = unsafe withUnsafeBytes(of: name.machine) {
      unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
    }
    let numbers = release.split(whereSeparator: { !$0.isNumber }).prefix(2).compactMap { Int($0) }
    let found = "Linux \(release) on \(machine)"
    guard machine == "x86_64" else {
      return Finding("kernel", .missing, "\(found); only x86_64 is supported", remedy: "use an x86_64 machine")
    }
    guard numbers.count == 2, (numbers[0], numbers[1]) >= oldestKernel else {
      return Finding(
        "kernel", .missing, "\(found) is too old", remedy: "use Linux \(oldestKernel.0).\(oldestKernel.1) or later")
    }
    return Finding("kernel", .ok, found)
  }

  /// A restart gives every task its pid back.
  static func chosenPid() -> Finding {
    let subject = "clone3 set_tid"
    do throws(Errno) {
      try makeAgain()
      return Finding(subject, .ok, "a task can be made with a chosen pid")
    } catch {
      return Finding(
        subject, .missing, "a task cannot be made with a chosen pid (\(error.symbol)), so nothing can be restarted",
        remedy: error == .notPermitted ? "run crtop as root, or with CAP_CHECKPOINT_RESTORE" : "use Linux 5.5 or later")
    }
  }

  /// The pid of a task that has just ended is free, unless somebody is very quick.
  private static func makeAgain() throws(Errno) {
    for attempt in 1...5 {
      let pid = try Probe().end()
      do throws(Errno) {
        let probe = try Probe(pid: pid)
        try probe.end()
        return
      } catch {
        guard error == .fileExists, attempt < 5 else { throw error }
      }
    }
  }

  /// Everything rests on ptrace(2), which containers and security modules may forbid.
  static func tracing() -> Finding {
    do throws(Errno) {
      let probe = try Probe()
      let seized = Result { () throws(Errno) in
        try systemCall { crtop_ptrace(Int(PTRACE_SEIZE.rawValue), probe.pid, 0, UInt(PTRACE_O_EXITKILL.rawValue)) }
      }
      try probe.end()
      _ = try seized.get()
      return Finding("ptrace", .ok, "tasks can be traced")
    } catch {
      return Finding(
        "ptrace", .missing, "not even an own child can be traced (\(error.symbol)): no checkpoint, no restart",
        remedy: "allow ptrace in the container or security module that forbids it")
    }
  }

  /// Tells which tasks share what.
  static func kcmp() -> Finding {
    let same = try? rawSystemCall(Int(SYS_kcmp), Int(getpid()), Int(getpid()), Int(KCMP_FILES.rawValue))
    if same == 0 { return Finding("kcmp", .ok, "shared objects can be told apart") }
    return Finding(
      "kcmp", .missing, "shared objects cannot be told apart, so nothing can be checkpointed",
      remedy: "use a kernel with CONFIG_KCMP, and allow kcmp(2)")
  }

  /// Reads what is in pipes, and where files stand.
  static func pidfdGetfd() -> Finding {
    do throws(Errno) {
      let own = OwnedDescriptor(adopting: Int32(try rawSystemCall(Int(SYS_pidfd_open), Int(getpid()))))
      let copy = try rawSystemCall(Int(SYS_pidfd_getfd), Int(own.number), Int(own.number))
      _ = OwnedDescriptor(adopting: Int32(copy))
      return Finding("pidfd_getfd", .ok, "open files of tasks can be looked at")
    } catch {
      return Finding(
        "pidfd_getfd", .missing, "open files of tasks cannot be looked at (\(error.symbol)): no checkpoint",
        remedy: "use Linux 5.6 or later, and allow pidfd_getfd(2)")
    }
  }

  /// Tells a new task where its program, heap, stack, arguments and environment are.
  static func programAddresses() -> Finding {
    var size: UInt32 = 0
    let known = try? unsafe withUnsafeMutablePointer(to: &size) { pointer throws(Errno) in
      try rawSystemCall(Int(SYS_prctl), Int(PR_SET_MM), Int(PR_SET_MM_MAP_SIZE), Int(bitPattern: pointer))
    }
    if known != nil && size >= 104 { return Finding("PR_SET_MM_MAP", .ok, "program addresses can be restored") }
    return Finding(
      "PR_SET_MM_MAP", .missing, "program addresses cannot be restored, so nothing can be restarted",
      remedy: "use a kernel with CONFIG_CHECKPOINT_RESTORE")
  }

  /// Finds the pages that a task has.
  static func pagemapScan() -> Finding {
    do throws(Errno) {
      let file = try OwnedDescriptor.open("/proc/self/pagemap", O_RDONLY)
      var scan = pm_scan_arg()
      scan.size = UInt64(MemoryLayout<pm_scan_arg>.size)
      scan.category_mask = UInt64(CRTOP_PAGE_IS_PRESENT)
      _ = try unsafe withUnsafeMutablePointer(to: &scan) { scan throws(Errno) in
        try systemCall { unsafe crtop_ioctl(file.number, crtop_pagemap_scan_request(), scan) }
      }
      return Finding("PAGEMAP_SCAN", .ok, "pages are found fast")
    } catch {
      return Finding("PAGEMAP_SCAN", .ok, "not there (\(error.symbol)): reading large, sparse memory takes longer")
    }
  }
}

/// A child that does nothing but wait, to try things on.
private struct Probe: ~Copyable {
  let pid: Int32

  /// - Parameter pid: the pid that it is to have; 0 for any.
  init(pid: Int32 = 0) throws(Errno) { self.pid = try systemCall { crtop_clone_waiting_child(pid) } }

  /// Ends it and returns its pid, which is free then.
  @discardableResult
  consuming func end() throws(Errno) -> Int32 {
    _ = kill(pid, SIGKILL)
    _ = try systemCall { waitpid(pid, nil, 0) }
    return pid
  }
}
