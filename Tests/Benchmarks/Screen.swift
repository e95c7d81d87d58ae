/// The benchmarks of the screen: `benchmarks screen` and `benchmarks growth`.

import SystemCalls
import TerminalUI
import TestSupport

enum Screen {
  /// Cost and speed beside htop's, with so many sleeping processes.
  static func compare(sleepers: Int, refreshes: Int) throws {
    let cost = try ScreenCost(sleepers: sleepers)
    print("\(sleepers) sleeping processes, 120x40, \(refreshes) refreshes of 1.5 s each, default settings")
    let own = try cost.measure([Programs.crtop], refreshes: refreshes)
    let other = try cost.measure(["htop"], refreshes: refreshes)
    print("crtop: \(tenths(own)) ms of processor time a refresh; htop: \(tenths(other)) ms")
    print("crtop / htop: \(tenths(own / other * 10))/10 (at most 4.0/10)")
    print("system calls a process and refresh: \(tenths(try cost.systemCalls([Programs.crtop], refreshes: 10))) (4.0)")
    let delays = try cost.keyDelays([Programs.crtop], keys: 100)
    print("a key is answered after \(tenths(delays.median)) ms, at worst \(tenths(delays.slowest)) ms (50.0)")
  }

  /// Whether many refreshes make it grow.
  static func grow(sleepers: Int, refreshes: Int) throws {
    let (early, late) = try ScreenCost(sleepers: sleepers).growth(refreshes: refreshes)
    print("\(refreshes) refreshes, \(sleepers) processes: \(early) KiB after a fifth of them, \(late) KiB at the end")
  }

  /// What `grow` watches: the real screen, refreshing without a pause.
  static func refresh(times: Int) throws {
    exitProgram(try TerminalInterface.run(.init(hurryThrough: times)))
  }

  private static func tenths(_ value: Double) -> String {
    let rounded = Int((value * 10).rounded())
    return "\(rounded / 10).\(rounded % 10)"
  }
}
