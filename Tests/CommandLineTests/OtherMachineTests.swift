/// Images from another machine: its kernel has another vDSO, its processor other features.

import CheckpointImage
import FoundationEssentials
import ImageSchema
import SystemCalls
import TestSupport
import Testing

extension CommandLine {
  @Suite struct OtherMachines {
    /// Three restarts on a "foreign" kernel in a row: each time the vDSO that the job knows goes on by jumps, over the one
    /// of the restart before. The functions of the forged ones are only traps, so nothing of them may run.
    @Test(.timeLimit(.minutes(1)), arguments: ["vdso", "mixed", "timers", "threads"])
    func foreignVDSO(_ workload: String) throws {
      let sandbox = try Sandbox()
      let job = try Job(workload, in: sandbox)
      var seen: Set<String> = [try vdsoPlace(job.pid)]
      for round in 1...3 {
        let tasks = try job.checkpointAndKill(to: sandbox["image"])
        let forged = sandbox["forged-\(round)"]
        try forgeHeader(of: sandbox["image"], to: forged) { header in
          var vdso = [UInt8](header.vdso)
          try trapFunctions(&vdso)
          header.vdso = .init(vdso)
          header.vdsoChecksum = unsafe vdso.withUnsafeBytes { unsafe imageChecksum(of: $0) }
          header.kernelRelease = "1.2.3-other"
        }
        try job.restart(from: forged, expecting: tasks)
        #expect(seen.insert(try vdsoPlace(job.pid)).inserted, "the kernel's vDSO is where an old one is")
        removeFile(sandbox["image"])
      }
      // And once on the kernel that it now comes from.
      try job.restart(from: sandbox["last"], expecting: try job.checkpointAndKill(to: sandbox["last"]))
      try job.expectPass()
    }

    @Test(.timeLimit(.minutes(1))) func vdsoThatIsNotThere() throws {
      let sandbox = try Sandbox()
      let job = try Job("pipes", in: sandbox)
      try job.checkpointAndKill(to: sandbox["image"])
      for damaged in [[], [UInt8](repeating: 0, count: 8192)] {
        try forgeHeader(of: sandbox["image"], to: sandbox["forged"]) { header in
          header.vdso = .init(damaged)
          header.vdsoChecksum = unsafe damaged.withUnsafeBytes { unsafe imageChecksum(of: $0) }
          header.kernelRelease = "1.2.3-other"
        }
        try sandbox.expectRestartRefused(sandbox["forged"], naming: "1.2.3-other")
        removeFile(sandbox["forged"])
      }
    }

    /// All that is missing is listed.
    @Test(.timeLimit(.minutes(1))) func processorLacksFeatures() throws {
      let sandbox = try Sandbox()
      let job = try Job("registers", in: sandbox)
      let tasks = try job.checkpointAndKill(to: sandbox["image"])
      try forgeHeader(of: sandbox["image"], to: sandbox["forged"]) { $0.cpuFeatures += ["avx1024", "warp9"] }
      try sandbox.expectRestartRefused(sandbox["forged"], naming: "avx1024 warp9")
      removeFile(sandbox["forged"])
      // What another kernel calls its own is no matter of the job's.
      try forgeHeader(of: sandbox["image"], to: sandbox["forged"]) { $0.cpuFeatures += ["pti", "md_clear", "ept"] }
      try job.restart(from: sandbox["forged"], expecting: tasks)
      try job.expectPass()
    }

    /// Where the kernel's vDSO is in a task.
    private func vdsoPlace(_ pid: Int32) throws -> String {
      let lines = try readText("/proc/\(pid)/maps").split(separator: "\n").filter { $0.hasSuffix("[vdso]") }
      #expect(lines.count == 1)
      return lines.first.map(String.init) ?? ""
    }
  }
}

/// Fills every function of a vDSO with int3; in that of 32-bit programs only those that read the clocks, since the code of
/// system calls and signal frames goes on.
func trapFunctions(_ bytes: inout [UInt8], is32Bit: Bool = false) throws {
  func number(_ offset: Int, _ count: Int) -> Int {
    (0..<count).reversed().reduce(0) { $0 << 8 | Int(bytes[offset + $1]) }
  }
  let word = is32Bit ? 4 : 8
  let (head, count, size) = is32Bit ? (28, 44, 32) : (32, 56, 56)
  let segments = (0..<number(count, 2)).map { number(head, word) + $0 * size }
  let dynamic = try #require(segments.first { number($0, 4) == 2 })
  var values: [Int: Int] = [:]
  var entry = number(dynamic + word, word)
  while number(entry, word) != 0 {
    values[number(entry, word)] = number(entry + word, word)
    entry += 2 * word
  }
  let (symbols, strings) = (try #require(values[6]), try #require(values[5]))
  var functions: [Range<Int>] = []
  let (symbolSize, kind, value, length) = is32Bit ? (16, 12, 4, 8) : (24, 4, 8, 16)
  for symbol in stride(from: symbols, to: strings, by: symbolSize) where number(symbol + kind, 1) & 15 == 2 {
    let name = String(decoding: bytes[(strings + number(symbol, 4))...].prefix { $0 != 0 }, as: UTF8.self)
    if is32Bit && !name.hasPrefix("__vdso_") { continue }
    let start = number(symbol + value, word)
    functions.append(start..<start + number(symbol + length, word))
  }
  #expect(functions.count >= (is32Bit ? 5 : 10))
  for function in functions {
    bytes.replaceSubrange(function, with: [UInt8](repeating: 0xcc, count: function.count))
  }
}
