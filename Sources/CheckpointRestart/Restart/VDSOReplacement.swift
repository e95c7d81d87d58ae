/// Defines `VDSOReplacement`: the code by which a vDSO of another kernel passes its functions on to that of this one.

internal import SystemCalls

/// Of the vDSO of one kind of program.
struct VDSOReplacement {
  /// The other kernel's.
  let bytes: [UInt8]
  let is32Bit: Bool
  private let functions: VDSOFunctions
  private let current: VDSOFunctions
  /// What signal handlers of 32-bit programs return to: code without data, which any kernel understands.
  private let kept: Set<VDSOFunctions.Function>

  /// How a function is made a system call where the running kernel's vDSO does not have it (syscalls of x86_64).
  private static let systemCalls: [String: UInt32] = [
    "clock_gettime": 228, "gettimeofday": 96, "time": 201, "getcpu": 309, "clock_getres": 229,
  ]

  /// - Parameter release: of the other kernel, for messages.
  init(_ bytes: [UInt8], is32Bit: Bool, release: String) throws(Problem) {
    self.bytes = bytes
    self.is32Bit = is32Bit
    let remedy = "boot the kernel the image was made on"
    guard let functions = VDSOFunctions(bytes, is32Bit: is32Bit), bytes.count <= 1 << 16,
      bytes.count % Int(pageSize) == 0,
      let current = VDSOFunctions(is32Bit ? Machine.vdso32Bytes : Machine.vdsoBytes, is32Bit: is32Bit)
    else {
      throw Problem(
        errno: .notSupported, what: "the kernel's vDSO",
        why: "the image is from kernel \(release), this is \(Machine.current.release), and it does not "
          + "hold that kernel's vDSO", remedy: remedy)
    }
    (self.functions, self.current) = (functions, current)
    kept = is32Bit ? Set(functions.byName.filter { $0.key.hasSuffix("sigreturn") }.values) : []
    // Calls of that table take their arguments from the stack: none of them is made here.
    let missing = functions.byName.filter { name, function in
      is32Bit && !kept.contains(function) && (current.byName[name] == nil || name == "__vdso_getrandom")
    }
    if let name = missing.keys.min() {
      throw Problem(
        errno: .notSupported, what: "the vDSO of kernel \(release)", why: "this kernel's has no such \(name)",
        remedy: remedy)
    }
    var end = 0
    for function in Set(functions.byName.values).sorted(by: { $0.offset < $1.offset }) {
      guard function.offset >= end else { throw Self.tooShort(release) }
      end = function.offset + length(of: function)
      guard end <= bytes.count else { throw Self.tooShort(release) }
    }
  }

  private static func tooShort(_ release: String) -> Problem {
    Problem(
      errno: .notSupported, what: "the vDSO of kernel \(release)", why: "its functions leave no room for a jump",
      remedy: "boot the kernel the image was made on")
  }

  /// Bytes of a function that are replaced.
  private func length(of function: VDSOFunctions.Function) -> Int {
    if is32Bit { return kept.contains(function) ? 0 : Self.shortJumpLength }
    return functions.byName["__vdso_getrandom"] == function ? Self.randomLength : Self.jumpLength
  }

  /// Whether a thread that stands there can go on: in 32-bit programs the code of all system calls is there, and works under
  /// any kernel behind the bytes that are replaced.
  func isSound(at offset: UInt64) -> Bool {
    let sound = is32Bit ? kept.union([functions.byName["__kernel_vsyscall"]].compactMap { $0 }) : []
    return sound.contains { function in
      let inside = Int(offset) - function.offset
      return inside == 0 || (length(of: function)..<max(function.size, length(of: function))).contains(inside)
    }
  }

  // MARK: - Code

  /// The bytes that take the place of the other kernel's.
  ///
  /// - Parameters:
  ///   - place: where they are.
  ///   - base: where this kernel's vDSO is.
  func patched(at place: UInt64, current base: UInt64) -> [UInt8] {
    var patched = bytes
    for (name, function) in functions.byName where !kept.contains(function) {
      let plain = name.hasPrefix("__vdso_") ? String(name.dropFirst(7)) : name
      let target = (current.byName["__vdso_" + plain] ?? current.byName[plain]).map { base + UInt64($0.offset) }
      let code: [UInt8]
      if is32Bit {
        code = Self.shortJump(from: place + UInt64(function.offset), to: target ?? 0)
      } else {
        code =
          plain == "getrandom" ? Self.random(target) : Self.jump(target) ?? Self.systemCall(Self.systemCalls[plain])
      }
      patched.replaceSubrange(function.offset..<function.offset + code.count, with: code)
    }
    return patched
  }

  /// The longest that `jump` and `systemCall` give, `random`, and `shortJump`.
  private static let jumpLength = 14
  private static let randomLength = 28
  private static let shortJumpLength = 5

  /// jmp with a distance of 32 bits, behind itself: all that 32-bit addresses need.
  private static func shortJump(from start: UInt64, to target: UInt64) -> [UInt8] {
    let distance = UInt32(truncatingIfNeeded: target &- start &- UInt64(shortJumpLength))
    return [0xe9] + (0..<4).map { UInt8(truncatingIfNeeded: distance >> (8 * UInt32($0))) }
  }

  /// jmp *0(%rip), and the address behind it: no register changes.
  private static func jump(_ target: UInt64?) -> [UInt8]? {
    target.map { address in
      [0xff, 0x25, 0, 0, 0, 0] + (0..<8).map { UInt8(truncatingIfNeeded: address >> (8 * UInt64($0))) }
    }
  }

  /// mov $number, %eax; syscall; ret. Without a number: mov $-ENOSYS, %rax; ret.
  private static func systemCall(_ number: UInt32?) -> [UInt8] {
    guard let number else { return [0x48, 0xc7, 0xc0, 0xda, 0xff, 0xff, 0xff, 0xc3] }
    return [0xb8] + (0..<4).map { UInt8(truncatingIfNeeded: number >> (8 * UInt32($0))) } + [0x0f, 0x05, 0xc3]
  }

  /// getrandom of the vDSO keeps a state whose form is the kernel's own affair, and which the program may have had from the
  /// old one: so only the question for that form (opaque_len -1) is passed on, and random bytes come by getrandom(2) (318).
  /// cmp $-1, %r8; je 1f; mov $318, %eax; syscall; ret; 1: jump.
  private static func random(_ target: UInt64?) -> [UInt8] {
    [0x49, 0x83, 0xf8, 0xff, 0x74, 0x08] + systemCall(318) + (jump(target) ?? systemCall(nil))
  }
}
