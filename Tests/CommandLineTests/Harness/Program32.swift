/// Builds the 32-bit workloads (Tests/Workloads32) where they are needed: they use no C library, so any gcc can.

import SystemCalls
import TestSupport

/// The program, once it is in a sandbox.
enum Program32 {
  private static let flags = [
    "-m32", "-nostdlib", "-static", "-no-pie", "-fno-pic", "-ffreestanding", "-fno-stack-protector", "-msse", "-O1",
    "-fno-tree-loop-distribute-patterns", "-Wall", "-Wextra", "-Werror",
    // The kernel's headers, where Debian has them for the machine's own programs.
    "-isystem", "/usr/include/x86_64-linux-gnu",
  ]

  /// Whether this kernel runs 32-bit programs.
  static let canRun: Bool = {
    guard let sandbox = try? Sandbox(), let program = try? build(in: sandbox) else { return true }
    return (try? ChildProcess(program, []).wait()) == .exited(64)
  }()

  /// The program, where its users may read it; its path.
  static func build(in sandbox: Sandbox) throws -> String {
    let program = sandbox["program32"]
    try writeFile(program, try image.get(), mode: 0o755)
    return program
  }

  /// The file, compiled once.
  private static let image = Result { try compile(in: try Sandbox()) }

  private static func compile(in sandbox: Sandbox) throws -> [UInt8] {
    let directory = #filePath.split(separator: "/").dropLast(3).reduce(into: "") { $0 += "/\($1)" } + "/Workloads32"
    let sources = try directoryEntries(directory).filter { $0.hasSuffix(".c") }.map { "\(directory)/\($0)" }
    var streams = ChildProcess.Streams()
    streams.errors = sandbox["gcc"]
    let program = sandbox["program32"]
    let compiler = try ChildProcess("/usr/bin/gcc", flags + ["-o", program] + sources, streams: streams)
    guard try compiler.wait() == .exited(0) else { throw TestFailure("gcc: \(try readText(streams.errors))") }
    return try readBytes(program)
  }
}

extension Job {
  /// A 32-bit workload.
  convenience init(program32 name: String, in sandbox: Sandbox, user: UInt32? = nil) throws {
    try self.init(name, in: sandbox, program: try Program32.build(in: sandbox), user: user)
  }
}
