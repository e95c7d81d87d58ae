/// Measures checkpoints and restarts of jobs of several sizes: `benchmarks [ROUNDS] [DISK-DIRECTORY]`, and how fast
/// the screen answers keys while a large job is checkpointed: `benchmarks keys [MIB] [DIRECTORY]`.
///
/// Build it with `-c release`. It prints a table of medians, with the figures that are aimed at and a baseline from the
/// same run: starting a program that does nothing, and writing and syncing a file as large as the image.
///
/// `benchmarks screen [PROCESSES [REFRESHES]]` compares the screen with htop; `benchmarks growth [REFRESHES]` looks whether
/// it grows.

import SystemCalls
import TestSupport

let arguments = CommandLine.arguments

/// An argument that is a number.
func number(_ index: Int, _ standard: Int) -> Int {
  arguments.count > index ? max(Int(arguments[index]) ?? standard, 1) : standard
}

func fail(_ error: any Error) -> Never {
  print("benchmarks: \(error)")
  exitProgram(1)
}

#if DEBUG
  print("A debug build: these figures say nothing about crtop.")
#endif

switch arguments.count > 1 ? arguments[1] : "" {
case "keys":
  do {
    print(
      try KeyLatency.measure(mebibytes: number(2, 1024), directory: arguments.count > 3 ? arguments[3] : "/var/tmp"))
  } catch { fail(error) }
  exitProgram(0)
case "screen":
  do { try Screen.compare(sleepers: number(2, 2000), refreshes: number(3, 20)) } catch { fail(error) }
  exitProgram(0)
case "growth":
  do { try Screen.grow(sleepers: 200, refreshes: number(2, 50_000)) } catch { fail(error) }
  exitProgram(0)
case "refresh":
  do { try Screen.refresh(times: number(2, 1000)) } catch { fail(error) }
default: break
}

let rounds = arguments.count > 1 ? Int(arguments[1]) ?? 0 : 7
guard rounds > 0, arguments.count <= 3 else {
  print("usage: benchmarks [ROUNDS] [DISK-DIRECTORY]\n       benchmarks keys [MIB] [DIRECTORY]")
  exitProgram(64)
}
let places = [("tmpfs", "/dev/shm"), ("disk", arguments.count > 2 ? arguments[2] : "/var/tmp")]

do {
  print("medians of \(rounds) rounds, in milliseconds (target); nothing = starting /bin/true")
  print(Row.header)
  for scenario in Scenario.all {
    for (name, path) in places {
      print(try scenario.measure(rounds: rounds, place: name, directory: path))
    }
  }
} catch {
  fail(error)
}
