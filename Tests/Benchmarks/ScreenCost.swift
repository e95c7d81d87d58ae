/// Defines `ScreenCost`, what the screen costs beside htop's, and whether it grows.

internal import Glibc
import SystemCalls
import TestSupport

/// Many sleeping processes, started and ended here, and programs in terminals that look at them.
final class ScreenCost {
  private var sleepers: [ChildProcess] = []

  /// - Parameter count: how many processes sleep.
  init(sleepers count: Int) throws {
    for _ in 0..<count { sleepers.append(try ChildProcess("/bin/sleep", ["1000000"])) }
  }

  deinit {
    for sleeper in sleepers { sleeper.kill(SIGKILL) }
  }

  /// Processor time of one refresh of a program in a terminal of 120x40 that refreshes every 1.5 seconds, in
  /// milliseconds, over so many refreshes; the first five seconds do not count.
  func measure(_ command: [String], refreshes: Int) throws -> Double {
    let terminal = try BenchmarkTerminal(command)
    try terminal.watch(seconds: 5)
    let before = try terminal.processorTicks()
    try terminal.watch(seconds: Double(refreshes) * 1.5)
    let ticks = try terminal.processorTicks() - before
    return Double(ticks) * 1000 / Double(sysconf(Int32(_SC_CLK_TCK))) / Double(refreshes)
  }

  /// System calls a process and refresh, counted by strace(1).
  func systemCalls(_ command: [String], refreshes: Int) throws -> Double {
    let sandbox = try Sandbox()
    let terminal = try BenchmarkTerminal(command)
    try terminal.watch(seconds: 5)
    var streams = ChildProcess.Streams()
    streams.errors = sandbox["strace"]
    let strace = try ChildProcess(
      "/usr/bin/strace", ["-f", "-c", "-o", sandbox["calls"], "-p", "\(terminal.program.pid)"], streams: streams)
    try terminal.watch(seconds: Double(refreshes) * 1.5)
    strace.kill(SIGINT)
    try strace.wait()
    let total = try readText(sandbox["calls"]).split(separator: "\n").last { $0.hasSuffix("total") }
    let calls = total?.split(separator: " ").compactMap { Int($0) }.max() ?? 0
    let processes = try directoryEntries("/proc").filter { Int32($0) != nil }.count
    return Double(calls) / Double(refreshes) / Double(max(processes, 1))
  }

  /// Milliseconds from a key to the first change of the screen: the median and the slowest of so many.
  func keyDelays(_ command: [String], keys: Int) throws -> (median: Double, slowest: Double) {
    let terminal = try BenchmarkTerminal(command)
    try terminal.watch(seconds: 5)
    var delays: [Double] = []
    for index in 0..<keys { delays.append(try terminal.delay(of: index % 2 == 0 ? "\u{e}" : "\u{10}")) }
    delays.sort()
    return (delays[keys / 2], delays[keys - 1])
  }

  /// Refreshes as fast as it can; resident KiB after a fifth of them and at the end.
  func growth(refreshes: Int) throws -> (early: Int, late: Int) {
    let terminal = try BenchmarkTerminal([CommandLine.arguments[0], "refresh", "\(refreshes)"])
    var sizes: [Int] = []
    while try terminal.program.poll() == nil {
      try terminal.watch(seconds: 0.25)
      if let size = terminal.residentKilobytes { sizes.append(size) }
    }
    guard sizes.count >= 10, try terminal.program.poll() == .exited(0) else { throw TestFailure("it ended early") }
    return (sizes[sizes.count / 5], sizes[sizes.count - 1])
  }
}
