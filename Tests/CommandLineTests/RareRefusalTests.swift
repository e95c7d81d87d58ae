/// The kinds of Tests/Workloads/refused_rare.c: settings, memory and descriptors that few programs have.

internal import Glibc
import SystemCalls
import TestSupport
import Testing

extension CommandLine.Refusals {
  /// Stopping these would stop the system or crtop itself.
  @Test(.timeLimit(.minutes(1))) func forbiddenRoots() throws {
    let sandbox = try Sandbox()
    let kernelThread = try allProcesses().first { (StatLine("/proc/\($0)/stat")?.field(9) ?? 0) & 0x20_0000 != 0 }
    var roots: [(pid: Int32, why: String)] = [(1, "process 1"), (getpid(), "crtop itself")]
    if let kernelThread { roots.append((kernelThread, "kernel thread")) }
    for root in roots {
      for arguments in [["check", "\(root.pid)"], ["checkpoint", "\(root.pid)", "-o", sandbox["image"]]] {
        let outcome = try sandbox.crtop(arguments)
        #expect(outcome.status == .exited(1), "\(arguments): \(outcome.summary)")
        #expect(outcome.errors.contains(root.why) && outcome.errors.contains("Remedy"), "\(outcome.summary)")
      }
    }
    #expect(!exists(sandbox["image"]))
  }
}

/// Words that the message must use for the resource.
let rareRefusals = [
  Refusal(kind: "semaphore-undo", words: ["SEM_UNDO"]), Refusal(kind: "old-semaphore-undo", words: ["SEM_UNDO"]),
  Refusal(kind: "notified-directory", words: ["F_NOTIFY"]),
  Refusal(kind: "flusher", words: ["PR_SET_IO_FLUSHER"], isLate: true),
  Refusal(kind: "parent-death-thread", words: ["PR_SET_PDEATHSIG"], isLate: true),
  Refusal(kind: "landlock", words: ["Landlock"], isLate: true),
  Refusal(kind: "ports", words: ["ioperm"], isLate: true), Refusal(kind: "mlockall", words: ["locked"]),
  Refusal(kind: "memory-policy", words: ["policy"], isLate: true),
  Refusal(kind: "ldt", words: ["descriptor table"], isLate: true),
  Refusal(kind: "no-tsc", words: ["time stamp"], isLate: true),
  Refusal(kind: "mce-kill", words: ["machine check"], isLate: true),
  Refusal(kind: "mdwe", words: ["executable"], isLate: true),
  Refusal(kind: "deadline", words: ["deadline"]), Refusal(kind: "own-descriptors", words: ["descriptor table"]),
  Refusal(kind: "own-directory", words: ["working directory"]), Refusal(kind: "chroot", words: ["root directory"]),
  Refusal(kind: "memfd-mapping", words: ["memfd"]), Refusal(kind: "huge-pages", words: ["huge", "anon_hugepage"]),
  Refusal(kind: "sealed", words: ["VmFlags"]), Refusal(kind: "userfaultfd", words: ["userfaultfd"]),
  Refusal(kind: "device-memory", words: ["/dev/mem"]), Refusal(kind: "protection-key", words: ["protection key"]),
  Refusal(kind: "named-memory", words: ["anon:buffer"]), Refusal(kind: "path-descriptor", words: ["O_PATH"]),
  Refusal(kind: "link-descriptor", words: ["O_PATH"]), Refusal(kind: "packet-pipe", words: ["packet"]),
  Refusal(kind: "named-pipe", words: ["named pipe"]), Refusal(kind: "lease", words: ["lease"]),
  Refusal(kind: "device", words: ["device"]), Refusal(kind: "namespace-file", words: ["uts"]),
  Refusal(kind: "proc-file", words: ["/proc"]), Refusal(kind: "pseudo-terminal", words: ["device", "terminal"]),
  Refusal(kind: "perf-event", words: ["perf_event"]), Refusal(kind: "fanotify", words: ["fanotify"]),
  Refusal(kind: "bpf", words: ["bpf"]),
  Refusal(kind: "catches-all", words: ["signals"], isLate: true),
  Refusal(kind: "compat-code", words: ["32-bit code"], isLate: true),
]
