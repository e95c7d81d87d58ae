/// Defines `ProgramStub`: the smallest program that can be executed, 32-bit or 64-bit. A task that executes it has an address
/// space of that kind, which the kernel makes in no other way.

internal import CLinux
public import SystemCalls

/// An ELF file (elf(5)) in memory, of one page: its heads and one instruction, `int $0x80`.
public struct ProgramStub: ~Copyable {
  public let file: OwnedDescriptor
  /// Where its instruction is in the task.
  public let instruction: UInt64

  /// Below what a scaffold takes, above what may not be mapped (vm.mmap_min_addr).
  private static let base: UInt64 = 0x80000

  /// - Throws: EACCES where the machine executes no such files (sysctl vm.memfd_noexec), EINVAL before Linux 6.3.
  public init(is32Bit: Bool) throws(Errno) {
    let bytes = is32Bit ? Self.file32 : Self.file64
    let memory = try OwnedDescriptor.inMemory("crtop-stub")
    let number = memory.number
    try unsafe bytes.withBytes { content throws(Errno) in
      _ = try systemCall { unsafe write(number, content.baseAddress, content.count) }
    }
    file = memory
    instruction = Self.base + UInt64(bytes.count - Self.code.count)
  }

  /// int $0x80; ud2.
  private static let code: [UInt8] = [0xcd, 0x80, 0x0f, 0x0b]
  private static let (fileType, execute, loaded, stack): (UInt64, UInt64, UInt64, UInt64) = (2, 5, 1, 0x6474_e551)

  /// Elf32_Ehdr, two Elf32_Phdr: the second (PT_GNU_STACK) keeps memory from being executable against its protection.
  private static let file32: [UInt8] = {
    let (head, segment) = (52, 32)
    let length = UInt64(head + 2 * segment + code.count)
    var bytes: [UInt8] = [0x7f, 0x45, 0x4c, 0x46, 1, 1, 1] + [UInt8](repeating: 0, count: 9)
    append([(fileType, 2), (3, 2), (1, 4), (base + length - UInt64(code.count), 4), (52, 4), (0, 8)], to: &bytes)
    append([(52, 2), (32, 2), (2, 2), (0, 6)], to: &bytes)
    append([loaded, 0, base, base, length, length, execute, 4096].map { ($0, 4) }, to: &bytes)
    append([stack, 0, 0, 0, 0, 0, 6, 16].map { ($0, 4) }, to: &bytes)
    return bytes + code
  }()

  /// Elf64_Ehdr, two Elf64_Phdr.
  private static let file64: [UInt8] = {
    let (head, segment) = (64, 56)
    let length = UInt64(head + 2 * segment + code.count)
    var bytes: [UInt8] = [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1] + [UInt8](repeating: 0, count: 9)
    append([(fileType, 2), (62, 2), (1, 4), (base + length - UInt64(code.count), 8), (64, 8), (0, 12)], to: &bytes)
    append([(64, 2), (56, 2), (2, 2), (0, 6)], to: &bytes)
    append([(loaded, 4), (execute, 4)] + [0, base, base, length, length, 4096].map { ($0, 8) }, to: &bytes)
    append([(stack, 4), (6, 4)] + [0, 0, 0, 0, 0, 16].map { ($0, 8) }, to: &bytes)
    return bytes + code
  }()

  /// Little-endian numbers of so many bytes.
  private static func append(_ fields: [(value: UInt64, bytes: UInt64)], to bytes: inout [UInt8]) {
    for field in fields {
      for index in 0..<field.bytes {
        bytes.append(UInt8(truncatingIfNeeded: index < 8 ? field.value >> (8 * index) : 0))
      }
    }
  }
}

extension OwnedDescriptor {
  /// memfd_create(2), of a file that may be executed.
  public static func inMemory(_ name: StaticString) throws(Errno) -> OwnedDescriptor {
    let flags = 0x11  // MFD_CLOEXEC, MFD_EXEC
    return OwnedDescriptor(
      adopting: Int32(
        truncatingIfNeeded: try rawSystemCall(
          Int(SYS_memfd_create), unsafe Int(bitPattern: name.utf8Start), flags)))
  }
}
