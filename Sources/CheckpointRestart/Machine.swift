/// Defines `Machine`: what the engine must know of the kernel and processor it runs on.

internal import CLinux
internal import CheckpointImage
internal import Glibc
internal import SystemCalls

/// The version of crtop, as `crtop --version` shows it.
public enum CrtopVersion {
  public static let current = "0.1.0"
}

/// This machine, now.
enum Machine {
  /// uname(2).
  static let current: (release: String, machine: String, node: String) = {
    var name = utsname()
    unsafe uname(&name)
    func text<Field>(_ field: Field) -> String {
      unsafe withUnsafeBytes(of: field) { unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
    return (text(name.release), text(name.machine), text(name.nodename))
  }()

  /// The length of a timer tick: the resolution of the coarse clocks (clock_getres(2)).
  static let tickMicroseconds: UInt64 = {
    var resolution = timespec()
    unsafe clock_getres(CLOCK_MONOTONIC_COARSE, &resolution)
    return UInt64(resolution.tv_nsec) / 1000
  }()

  /// The time slice of a thread that has not chosen one, in nanoseconds; 0: the kernel does not show it. The calling thread
  /// takes it for a moment.
  static let standardSlice: UInt64 = {
    // struct sched_attr as words: size and policy, flags, nice and priority, runtime.
    var attributes = [UInt64](repeating: 0, count: 6)
    func call(_ number: Int, _ last: (Int, Int)) -> Bool {
      unsafe attributes.withUnsafeMutableBytes { bytes in
        (try? rawSystemCall(number, 0, Int(bitPattern: bytes.baseAddress), last.0, last.1)) != nil
      }
    }
    guard call(Int(SYS_sched_getattr), (48, 0)), attributes[0] >> 32 == 0 && attributes[3] != 0 else { return 0 }
    let before = attributes
    attributes[3] = 0
    guard call(Int(SYS_sched_setattr), (0, 0)), call(Int(SYS_sched_getattr), (48, 0)) else { return 0 }
    let standard = attributes[3]
    if standard != before[3] {
      attributes = before
      _ = call(Int(SYS_sched_setattr), (0, 0))
    }
    return standard
  }()

  /// Changes at every boot.
  static let bootID = ((try? readText("/proc/sys/kernel/random/boot_id")) ?? "").replacing("\n", with: "")

  /// Reads what is read only once, before a job is stopped.
  static func warmUp() {
    _ = (
      current, bootID, processorFeatures, vdsoBytes, vdsoChecksum, Parallel.processors, RememberedCalls.kernel,
      standardSlice
    )
  }

  /// The flags of the first processor in /proc/cpuinfo.
  static let processorFeatures: [String] = {
    guard let text = try? readText("/proc/cpuinfo"),
      let line = text.split(separator: "\n").first(where: { $0.hasPrefix("flags") })
    else { return [] }
    return line.split(separator: " ").drop { $0 != ":" }.dropFirst().map(String.init)
  }()

  /// The vDSO as it is mapped in crtop itself: every task of this kernel has the same one. Empty where there is none.
  static let vdsoBytes: [UInt8] = {
    guard let range = vdsoMappings.first(where: \.isCode)?.range else { return [] }
    return unsafe Array(
      UnsafeRawBufferPointer(start: UnsafeRawPointer(bitPattern: UInt(range.lowerBound)), count: range.count))
  }()

  /// The vDSO that 32-bit programs get; empty where the kernel runs none.
  static let vdso32Bytes: [UInt8] = {
    guard let start = vdsoMappings.first?.range.lowerBound, vdsoMappings.last?.isCode == true else { return [] }
    let length = vdsoMappings.reduce(0) { $0 + $1.range.count }
    var bytes = [UInt8](repeating: 0, count: 1 << 16)
    let got = unsafe bytes.withUnsafeMutableBytes { bytes in
      unsafe crtop_read_vdso32(
        bytes.baseAddress, bytes.count, UnsafeMutableRawPointer(bitPattern: UInt(start)), length,
        length - vdsoBytes.count)
    }
    return Array(bytes.prefix(max(0, got)))
  }()

  /// Where its functions that read the clocks are, as offsets.
  static let vdso32Functions = (VDSOFunctions(vdso32Bytes, is32Bit: true)?.byName ?? [:])
    .filter { $0.key.hasPrefix("__vdso_") }.map { $0.value.offset..<$0.value.offset + $0.value.size }

  /// The mappings that come with the vDSO ([vvar] and its kin) and itself, in the order of their addresses: their lengths.
  static func vdsoAreas(is32Bit: Bool) -> [(length: Int, isCode: Bool)] {
    vdsoMappings.map { (is32Bit && $0.isCode ? vdso32Bytes.count : $0.range.count, $0.isCode) }
  }

  private static let vdsoMappings: [(range: Range<UInt64>, isCode: Bool)] = {
    var reader = ProcFileReader()
    guard let maps = try? reader.read("/proc/self/smaps") else { return [] }
    return MappedArea.parse(maps).filter { $0.name == "[vdso]" || $0.name.hasPrefix("[vvar") }
      .map { ($0.range, $0.name == "[vdso]") }
  }()

  /// XXH3 of the vDSO.
  static let vdsoChecksum = imageChecksum(ofBytes: vdsoBytes)

  /// The offset of a system call instruction in the vDSO: syscall (0f 05), in that of 32-bit programs int $0x80 (cd 80).
  static let systemCallInstruction = offset(of: (0x0f, 0x05), in: vdsoBytes)
  static let systemCallInstruction32 = offset(of: (0xcd, 0x80), in: vdso32Bytes)

  private static func offset(of code: (UInt8, UInt8), in bytes: [UInt8]) -> UInt64? {
    bytes.indices.dropLast().first { bytes[$0] == code.0 && bytes[$0 + 1] == code.1 }.map { UInt64($0) }
  }
}

/// XXH3-64, as the image has it.
func imageChecksum(ofBytes bytes: [UInt8]) -> UInt64 {
  unsafe bytes.withUnsafeBytes { unsafe imageChecksum(of: $0) }
}

/// The limit on open descriptors, raised for a large job.
enum DescriptorLimit {
  /// Raises the soft limit to the hard one; that needs no privilege.
  static func raise() {
    var limit = rlimit()
    guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
    limit.rlim_cur = limit.rlim_max
    unsafe _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
  }
}
