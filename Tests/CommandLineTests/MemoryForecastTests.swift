/// What a check says of the memory to be saved is about what is saved.

import Glibc
import SystemCalls
import TestSupport
import Testing

extension CommandLine {
  @Suite struct MemoryForecast {
    /// 24 MiB that four tasks share, holes of the same size, and programs and libraries, which are files.
    @Test(.timeLimit(.minutes(1)), .enabled(if: installed("python3"), "python3 is not installed"))
    func itCountsWhatIsSavedAndOnce() throws {
      let sandbox = try Sandbox()
      try writeFile(
        sandbox["job.py"],
        """
        import mmap, os, time
        data = bytes(range(1, 256)) * (24 << 20 >> 8)
        hole = mmap.mmap(-1, 24 << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        for _ in range(3):
            if os.fork() == 0:
                break
        else:
            print("ready", flush=True)
        time.sleep(1000)
        """)
      let program = try RunningProgram(try #require(findProgram("python3")), ["job.py"], in: sandbox)
      try waitUntil("the job to be ready") { program.output == "ready\n" }
      let check = try #require(try sandbox.crtopMust("check", "\(program.pid)", "--json").events().last)
      let forecast = try #require(check["bytes"]?.number)
      let saved = try #require(
        try sandbox.crtopMust("checkpoint", "\(program.pid)", "-o", sandbox["image"], "--json").events().last?["bytes"]?
          .number)
      #expect(saved > 24 << 20 && saved < 48 << 20)
      #expect(abs(forecast - saved) < saved / 4, "\(forecast) were foretold, \(saved) saved")
    }
  }
}
