/// Ordinary programs, checkpointed and restarted in the middle of their work: the result is the same as without.

import SystemCalls
import TestSupport
import Testing

func installed(_ name: String) -> Bool { findProgram(name) != nil }

extension CommandLine {
  @Suite struct RealPrograms {
    @Test(.timeLimit(.minutes(2)), .enabled(if: installed("python3"), "python3 is not installed"))
    func python() throws {
      let sandbox = try Sandbox()
      try writeFile(sandbox["data"], [UInt8](repeating: 65, count: 10_000))
      try writeFile(sandbox["job.py"], pythonScript)
      let program = try RunningProgram(try #require(findProgram("python3")), ["job.py"], in: sandbox)
      try waitUntil("python to be ready") { program.output == "ready\n" }
      try program.goThrough(2)
      try writeFile(sandbox["verdict"], "")
      #expect(try program.awaitEnd() == .exited(0))
      #expect(program.output == "ready\nPASS\n")
      #expect(program.complaints == "")
    }

    @Test(.timeLimit(.minutes(2))) func shellPipeline() throws {
      let sandbox = try Sandbox()
      let script = """
        n=0
        while ! [ -e verdict ]; do seq 1 3000 | sort -rn | md5sum >> sums; n=$((n + 1)); done
        echo $n
        """
      let program = try RunningProgram("/bin/bash", ["-c", script], in: sandbox)
      func sums() -> [Substring] { ((try? readText(sandbox["sums"])) ?? "").split(separator: "\n") }
      try waitUntil("the first sums") { sums().count > 3 }
      for _ in 1...4 {
        try program.goThrough(1)
        let before = sums().count
        try waitUntil("more sums") { sums().count > before + 2 }
      }
      try writeFile(sandbox["verdict"], "")
      #expect(try program.awaitEnd() == .exited(0), "\(program.complaints)")
      #expect(program.output == "\(sums().count)\n", "a round was lost or came twice")
      #expect(Set(sums()).count == 1, "the rounds differ")
      #expect(program.complaints == "")
    }

    @Test(.timeLimit(.minutes(2)), .enabled(if: installed("perl"), "perl is not installed"))
    func perlAsleep() throws {
      let sandbox = try Sandbox()
      let script = """
        use Time::HiRes qw(clock_gettime CLOCK_MONOTONIC); $| = 1; print "ready\\n";
        until (-e "verdict") {
          my $from = clock_gettime(CLOCK_MONOTONIC); my $said = sleep 1;
          my $took = clock_gettime(CLOCK_MONOTONIC) - $from;
          print $said >= 1 && $took >= 0.999 ? "slept\\n" : "slept only $took, said $said\\n";
        }
        """
      let program = try RunningProgram(try #require(findProgram("perl")), ["-e", script], in: sandbox)
      try waitUntil("perl to be asleep") { program.output.hasPrefix("ready") }
      try program.goThrough(2)
      try waitUntil("perl to wake") { program.output.contains("slept") }
      try writeFile(sandbox["verdict"], "")
      #expect(try program.awaitEnd() == .exited(0), "\(program.complaints)")
      #expect(Set(program.output.split(separator: "\n")) == ["ready", "slept"])
    }

    @Test(.timeLimit(.minutes(2)), .enabled(if: installed("sqlite3"), "sqlite3 is not installed"))
    func databaseQuery() throws {
      let sandbox = try Sandbox()
      let sqlite = try #require(findProgram("sqlite3"))
      let fill = """
        CREATE TABLE t(k INTEGER PRIMARY KEY, v INTEGER, s TEXT);
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1500)
        INSERT INTO t SELECT i, i * 7919 % 1009, hex(i * 104729) FROM n;
        """
      let query =
        "SELECT count(*), sum(a.v * b.v % 7 + length(a.s || b.s)) FROM t a, t b, (VALUES (1),(2),(3),(4),(5),(6));"
      func run(_ text: String, output: String) throws {
        var streams = ChildProcess.Streams()
        streams.output = sandbox[output]
        let status = try ChildProcess(sqlite, [sandbox["db"], text], streams: streams).wait()
        #expect(status == .exited(0))
      }
      try run(fill, output: "filled")
      try run(query, output: "expected")
      let program = try RunningProgram(sqlite, [sandbox["db"], query], in: sandbox)
      for _ in 1...2 {
        try program.awaitWork(milliseconds: 100)
        try program.goThrough(1)
      }
      #expect(try program.awaitEnd() == .exited(0), "\(program.complaints)")
      let expected = try readText(sandbox["expected"])
      #expect(program.output == expected && expected.contains("|"))
    }

    @Test(.timeLimit(.minutes(2)), .enabled(if: installed("gcc"), "gcc is not installed"))
    func compiler() throws {
      let sandbox = try Sandbox()
      let gcc = try #require(findProgram("gcc"))
      try writeFile(sandbox["large.c"], largeProgram(functions: 400))
      let arguments = ["-O2", "-c", "large.c", "-o"]
      let status = try ChildProcess(
        gcc, arguments + ["expected.o"], environment: ["TMPDIR": sandbox.path], directory: sandbox.path
      ).wait(seconds: 60)
      #expect(status == .exited(0))
      let program = try RunningProgram(
        gcc, arguments + ["object.o"], in: sandbox, environment: ["TMPDIR": sandbox.path])
      try program.awaitWork(milliseconds: 300, by: "cc1")
      try program.goThrough(2)
      #expect(try program.awaitEnd() == .exited(0), "\(program.complaints)")
      #expect(try readBytes(sandbox["object.o"]) == readBytes(sandbox["expected.o"]), "the object files differ")
    }

    @Test(.timeLimit(.minutes(2)), arguments: [["tree", "5", "200"], ["zombies", "60"], ["many-threads", "200"]])
    func large(_ arguments: [String]) throws {
      let sandbox = try Sandbox()
      let job = try Job(arguments[0], Array(arguments.dropFirst()), in: sandbox)
      let tasks = try job.checkpointAndKill(to: sandbox["image"])
      if arguments[0] == "tree" { #expect(tasks.count == 200) }
      if arguments[0] == "zombies" { #expect(tasks.filter(\.isZombie).count >= 60) }
      try job.restart(from: sandbox["image"], expecting: tasks)
      try job.expectPass()
    }
  }
}

private let pythonScript = """
  import hashlib, os, subprocess, sys, threading, time

  def sum_of(i):
      return hashlib.md5(str(i).encode()).hexdigest()

  table = {i: sum_of(i) for i in range(50000)}
  child = subprocess.Popen([sys.executable, "-c", "import time\\nwhile True: time.sleep(0.02)"])
  data = open("data", "r+b", buffering=0)
  data.seek(1234)
  sums = [hashlib.sha256() for _ in range(4)]
  rounds = [0] * 4

  def work(n):
      while not os.path.exists("verdict"):
          sums[n].update(str(rounds[n]).encode())
          rounds[n] += 1
          time.sleep(0.001)

  threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
  for thread in threads:
      thread.start()
  print("ready", flush=True)
  for thread in threads:
      thread.join()
  assert table == {i: sum_of(i) for i in range(50000)}
  for n in range(4):
      again = hashlib.sha256()
      for i in range(rounds[n]):
          again.update(str(i).encode())
      assert rounds[n] > 0 and again.digest() == sums[n].digest()
  assert data.tell() == 1234 and data.read(3) == b"AAA"
  assert child.poll() is None, child.returncode
  child.terminate()
  assert child.wait() == -15
  print("PASS", flush=True)

  """

/// A C source that keeps an optimizing compiler busy for a second or two.
private func largeProgram(functions: Int) -> String {
  var text = ""
  for i in 0..<functions {
    text += """
      unsigned f\(i)(unsigned *a, unsigned n) {
        unsigned s = \(i);
        for (unsigned i = 0; i < n; i++) {
          a[i] = a[i] * \(i * 7 + 3)u + (s >> \(i % 13 + 1));
          if (a[i] & \(1 << (i % 20))) s ^= a[(i * \(i + 1)) % n]; else s += a[n - 1 - i] / \(i + 2);
          switch (s & 7) { case 0: s += \(i); break; case 3: s *= 5; break; case 5: s -= a[0]; break; }
        }
        return s;
      }

      """
  }
  return text
}
