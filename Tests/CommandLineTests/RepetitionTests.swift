/// One mixed tree goes through checkpoint and restart again and again: nothing may drift.

internal import Glibc
import SystemCalls
import TestSupport
import Testing

/// How many times; CRTOP_REPETITIONS sets another number.
private let rounds = unsafe getenv("CRTOP_REPETITIONS").flatMap { unsafe Int(String(cString: $0)) } ?? 10

extension CommandLine {
  @Suite struct Repetitions {
    /// The numbers of pipes, which are new ones after each restart, are left out.
    private func named(_ descriptors: [String]) -> [Substring] { descriptors.map { $0.prefix { $0 != "[" } } }

    /// The workload looks at its timers, signals, zombies and data itself; what it cannot see is compared here.
    @Test(.timeLimit(.minutes(60))) func mixedTreeDoesNotDrift() throws {
      let sandbox = try Sandbox()
      let job = try Job("mixed", in: sandbox)
      let image = sandbox["image"]
      let start = monotonicMicroseconds()
      var sizes: [Int] = []
      var first: [Int32: Footprint] = [:]
      for round in 1...rounds {
        let tasks = try job.checkpointAndKill(to: image)
        sizes.append(try fileSize(image))
        try job.restart(from: image, expecting: tasks)
        guard round == 1 || round == rounds else { continue }
        for task in try job.tasks() where !task.isZombie {
          let now = try Footprint(of: task.pid)
          let then = first[task.pid] ?? now
          #expect(now.maps == then.maps, "\(task.comm): its memory map has changed")
          #expect(now.signals == then.signals && named(now.descriptors) == named(then.descriptors), "\(task.comm)")
          first[task.pid] = now
        }
      }
      // A page or two of each task's stack and pipes come and go. The first image has pages that tasks share; see
      // "Copy-on-write" in docs/architecture.md.
      let (least, most) = (sizes.dropFirst().min() ?? 0, sizes.max() ?? 0)
      #expect(most - least <= 128 << 10, "the images have \(least) to \(most) bytes")
      print(
        "\(rounds) rounds in \((monotonicMicroseconds() - start) / 1000) ms; images of",
        "\(sizes.first ?? 0) (first), \(sizes.last ?? 0) (last), \(least) to \(most) bytes")
      try job.expectPass()
      print(job.report.first { $0.hasPrefix("with") } ?? "")
    }
  }
}
