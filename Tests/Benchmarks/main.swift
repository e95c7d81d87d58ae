/// Measures checkpoints and restarts of jobs of several sizes: `benchmarks [ROUNDS] [DISK-DIRECTORY]`, and how fast
/// the screen answers keys while a large job is checkpointed: `benchmarks keys [MIB] [DIRECTORY]`.
///
/// Build it with `-c release`. It prints a table of medians, with the figures that are aimed at and a baseline from the
/// same run: starting a program that does nothing, and writing and syncing a file as large as the image.

import SystemCalls
import TestSupport

let arguments = CommandLine.arguments
if arguments.count > 1, arguments[1] == "keys" {
  do {
    let size = arguments.count > 2 ? Int(arguments[2]) ?? 1024 : 1024
    print(try KeyLatency.measure(mebibytes: size, directory: arguments.count > 3 ? arguments[3] : "/var/tmp"))
  } catch {
    print("benchmarks: \(error)")
    exitProgram(1)
  }
  exitProgram(0)
}

let rounds = arguments.count > 1 ? Int(arguments[1]) ?? 0 : 7
guard rounds > 0, arguments.count <= 3 else {
  print("usage: benchmarks [ROUNDS] [DISK-DIRECTORY]\n       benchmarks keys [MIB] [DIRECTORY]")
  exitProgram(64)
}
let places = [("tmpfs", "/dev/shm"), ("disk", arguments.count > 2 ? arguments[2] : "/var/tmp")]

#if DEBUG
  print("A debug build: these figures say nothing about crtop.")
#endif

do {
  print("medians of \(rounds) rounds, in milliseconds (target); nothing = starting /bin/true")
  print(Row.header)
  for scenario in Scenario.all {
    for (name, path) in places {
      print(try scenario.measure(rounds: rounds, place: name, directory: path))
    }
  }
} catch {
  print("benchmarks: \(error)")
  exitProgram(1)
}
