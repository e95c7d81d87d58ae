/// Defines `Footprint`: what a checkpoint could leave behind in a task, and must not.

internal import CLinux
internal import Glibc
import SystemCalls
import TestSupport

/// The mappings, signal dispositions and vDSO of a task.
struct Footprint: Hashable {
  /// The lines of /proc/PID/maps; of the stack only its end, since it grows.
  var maps: [String]
  /// What status says of caught, ignored and blocked signals, a line per thread.
  var signals: [String]
  /// The whole vDSO, unused tail included.
  var vdso: [UInt8]
  /// Where each descriptor leads.
  var descriptors: [String]

  init(of pid: Int32) throws {
    let lines = try readText("/proc/\(pid)/maps").split(separator: "\n").map(String.init)
    maps = lines.map { $0.hasSuffix("[stack]") ? String($0.drop { $0 != "-" }) : $0 }
    signals = threads(of: pid).sorted().map { tid in
      ["SigCgt", "SigIgn", "SigBlk"].map { statusField($0, pid: pid, tid: tid) ?? "" }.joined(separator: " ")
    }
    descriptors = try directoryEntries("/proc/\(pid)/fd").sorted().map { number in
      "\(number) \((try? readLink("/proc/\(pid)/fd/\(number)")) ?? "")"
    }
    vdso = try Self.vdso(pid, lines)
  }

  private static func vdso(_ pid: Int32, _ lines: [String]) throws -> [UInt8] {
    guard let line = lines.first(where: { $0.hasSuffix("[vdso]") }),
      let bounds = line.split(separator: " ").first?.split(separator: "-"), bounds.count == 2,
      let start = Int(bounds[0], radix: 16), let end = Int(bounds[1], radix: 16)
    else { throw TestFailure("task \(pid) has no vDSO") }
    let memory = try OwnedDescriptor.open("/proc/\(pid)/mem", O_RDONLY)
    var bytes = [UInt8](repeating: 0, count: end - start)
    let got = try systemCall {
      unsafe bytes.withUnsafeMutableBytes { unsafe pread(memory.number, $0.baseAddress, $0.count, start) }
    }
    guard got == bytes.count else { throw TestFailure("the vDSO of task \(pid) cannot be read") }
    return bytes
  }

  /// Our own vDSO: the kernel's, as nobody has touched it.
  static func pristineVDSO() throws -> [UInt8] {
    try vdso(getpid(), try readText("/proc/self/maps").split(separator: "\n").map(String.init))
  }
}
