/// Defines `SampledProcess`, what the sampler remembers of one process between snapshots.

internal import Glibc
package import SystemCalls

/// An open file of a process, in a form that may be optional.
final class HeldFile {
  private let descriptor: OwnedDescriptor

  init(_ path: String) throws(Errno) { descriptor = try OwnedDescriptor.open(path, O_RDONLY) }

  func read(_ reader: inout SmallFileReader) throws(Errno) { try reader.read(descriptor.number) }
}

/// One process, with its files held open while the budget allows it.
///
/// A held descriptor of a process that is gone fails with ESRCH even when its pid is in use again.
final class SampledProcess {
  let identity: ProcessIdentity
  var record: ProcessRecord
  /// `/proc/PID/stat` and `/proc/PID/cgroup`; `nil` beyond the budget, the latter also for kernel threads.
  private let stat: HeldFile?
  private let cgroupFile: HeldFile?
  private var cgroupBytes: [UInt8] = []
  private(set) var cgroup = CgroupPaths()
  /// The snapshot this process was seen in last.
  var seen = 0
  /// A rename may be seen in the middle of an exec(2), where the command line is not there yet: look once more.
  var detailsDue = true
  /// When `record.cpuTicks` was read, in nanoseconds of CLOCK_MONOTONIC; 0: never.
  var sampledAt: UInt64 = 0

  init(_ record: ProcessRecord, stat: HeldFile?, cgroup: HeldFile?) {
    identity = record.identity
    self.record = record
    self.stat = stat
    cgroupFile = cgroup
  }

  /// How many descriptors it holds.
  var held: Int { (stat == nil ? 0 : 1) + (cgroupFile == nil ? 0 : 1) }

  func readStat(_ reader: inout SmallFileReader) throws(Errno) {
    guard let stat else { return try reader.read("/proc/\(identity.pid)/stat") }
    try stat.read(&reader)
  }

  /// Reads the cgroup; keeps the parsed paths while the bytes are the same.
  func updateCgroup(_ reader: inout SmallFileReader) {
    do throws(Errno) {
      if let cgroupFile {
        try cgroupFile.read(&reader)
      } else {
        try reader.read("/proc/\(identity.pid)/cgroup")
      }
    } catch {
      return
    }
    guard !reader.bytes[..<reader.count].elementsEqual(cgroupBytes) else { return }
    cgroupBytes = Array(reader.bytes[..<reader.count])
    cgroup = CgroupPaths(reader.scanner)
    record.cgroup = cgroup.shown
  }

  /// Reads what seldom changes: effective user and command line.
  func updateDetails(_ reader: inout SmallFileReader, users: inout UserNames) {
    if (try? reader.read("/proc/\(identity.pid)/status")) != nil, let user = effectiveUser(reader.scanner) {
      record.userID = user
      record.userName = users.name(of: user)
    }
    guard !record.isKernelThread, record.kernelState != .zombie,
      (try? reader.read("/proc/\(identity.pid)/cmdline")) != nil
    else {
      record.arguments = []
      return
    }
    record.arguments = commandLine(reader.scanner)
  }
}

/// The second number of the line `Uid:` of `/proc/PID/status`.
package func effectiveUser(_ scanner: consuming ByteScanner) -> UInt32? {
  while !scanner.isAtEnd {
    if scanner.skip("Uid:") {
      scanner.skipAll(UInt8(ascii: "\t"))
      guard scanner.unsigned() != nil else { return nil }
      scanner.skipAll(UInt8(ascii: "\t"))
      return scanner.unsigned().flatMap { UInt32(exactly: $0) }
    }
    scanner.skipPast(UInt8(ascii: "\n"))
  }
  return nil
}

/// The arguments in `/proc/PID/cmdline`, each ended by a zero byte; a program that wrote over them may leave padding.
package func commandLine(_ scanner: consuming ByteScanner) -> [String] {
  var arguments: [String] = []
  while !scanner.isAtEnd { arguments.append(scanner.text(upTo: 0)) }
  while arguments.last?.isEmpty == true { arguments.removeLast() }
  return arguments
}
