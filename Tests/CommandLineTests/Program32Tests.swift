/// A 32-bit program is refused before it is touched.

internal import Glibc
import SystemCalls
import TestSupport
import Testing

extension CommandLine {
  @Suite struct Programs32 {
    /// An ELF file for the i386 that only waits: no compiler needs to be there.
    private static let program: [UInt8] = {
      func word(_ value: UInt32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * UInt32($0))) } }
      let base: UInt32 = 0x0804_8000
      // again: mov $29, %eax (pause); int $0x80; jmp again
      let code: [UInt8] = [0xb8, 29, 0, 0, 0, 0xcd, 0x80, 0xeb, 0xf7]
      let identity: [UInt8] = [0x7f, 0x45, 0x4c, 0x46, 1, 1, 1] + [UInt8](repeating: 0, count: 9)
      let length = UInt32(84 + code.count)
      let head = identity + [2, 0, 3, 0] + word(1) + word(base + 84) + word(52) + word(0) + word(0)
      let sizes: [UInt8] = [52, 0, 32, 0, 1, 0, 0, 0, 0, 0, 0, 0]
      let segment = [1, 0, base, base, length, length, 5, 4096].flatMap(word)
      return head + sizes + segment + code
    }()

    @Test(.timeLimit(.minutes(1))) func isRefusedBeforehand() throws {
      let sandbox = try Sandbox()
      let path = sandbox["program32"]
      try writeFile(path, Self.program, mode: 0o755)
      let process: ChildProcess
      do { process = try ChildProcess(path, [], environment: sandbox.environment, ownSession: true) } catch {
        return  // a kernel without IA32 emulation
      }
      let pid = process.pid
      try waitUntil("the program to wait") { StatLine("/proc/\(pid)/stat")?.state == "S" }
      for arguments in [["check", "\(pid)"], ["checkpoint", "\(pid)", "-o", sandbox["image"], "--kill"]] {
        let outcome = try sandbox.crtop(arguments)
        #expect(outcome.status == .exited(1), "\(outcome.summary)")
        let said = outcome.output + outcome.errors
        #expect(said.contains("32-bit") && said.contains("program32 (\(pid))"), "\(outcome.summary)")
      }
      #expect(!exists(sandbox["image"]))
      #expect(try process.poll() == nil)
      #expect(statusField("TracerPid", pid: pid) == "0")
      process.kill(SIGKILL)
      try process.wait()
    }
  }
}
