/// Defines `MachineStatus`, the load and memory of the machine.

package import SystemCalls

/// What the header of the screen shows. All zero where the kernel did not tell.
public struct MachineStatus: Sendable, Hashable {
  /// Load averages over 1, 5 and 15 minutes.
  public var load1 = 0.0
  public var load5 = 0.0
  public var load15 = 0.0
  /// Memory in bytes; available as the kernel estimates it without swapping.
  public var memoryTotal: UInt64 = 0
  public var memoryAvailable: UInt64 = 0
  public var swapTotal: UInt64 = 0
  public var swapFree: UInt64 = 0
  /// Time since boot, in seconds.
  public var uptimeSeconds: UInt64 = 0
  /// Processors that are online.
  public var processors = 1
  /// Share of all processors that was busy since the snapshot before, in percent, 0 to 100.
  public var cpuPercent = 0.0
  /// The same of each processor that is online, by number.
  public var processorPercents: [Double] = []

  /// An unknown machine.
  public init() {}

  /// Memory in use: what is not available.
  public var memoryUsed: UInt64 { memoryTotal > memoryAvailable ? memoryTotal - memoryAvailable : 0 }
  /// Swap in use.
  public var swapUsed: UInt64 { swapTotal > swapFree ? swapTotal - swapFree : 0 }
}

extension MachineStatus {
  /// Takes in `/proc/loadavg`: `0.92 0.35 0.17 1/85 7312`.
  package mutating func readLoad(_ scanner: consuming ByteScanner) {
    let values = (0..<3).map { _ in Double(scanner.text(upTo: UInt8(ascii: " "))) ?? 0 }
    (load1, load5, load15) = (values[0], values[1], values[2])
  }

  /// Takes in `/proc/meminfo`, whose numbers are KiB.
  package mutating func readMemory(_ scanner: consuming ByteScanner) {
    while !scanner.isAtEnd {
      if scanner.skip("MemTotal:") {
        memoryTotal = Self.kibibytes(&scanner)
      } else if scanner.skip("MemAvailable:") {
        memoryAvailable = Self.kibibytes(&scanner)
      } else if scanner.skip("SwapTotal:") {
        swapTotal = Self.kibibytes(&scanner)
      } else if scanner.skip("SwapFree:") {
        swapFree = Self.kibibytes(&scanner)
      }
      scanner.skipPast(UInt8(ascii: "\n"))
    }
  }

  private static func kibibytes(_ scanner: inout ByteScanner) -> UInt64 {
    scanner.skipAll(UInt8(ascii: " "))
    let (bytes, overflow) = (scanner.unsigned() ?? 0).multipliedReportingOverflow(by: 1024)
    return overflow ? .max : bytes
  }
}

/// Busy and idle time of all processors, in clock ticks since boot.
package struct ProcessorTimes: Sendable, Hashable {
  package var busy: UInt64 = 0
  package var idle: UInt64 = 0

  /// Takes the first line of `/proc/stat`: user nice system idle iowait irq softirq steal (guests are in user and nice).
  package init(_ scanner: consuming ByteScanner) {
    guard scanner.skip("cpu") else { return }
    readColumns(&scanner)
  }

  private init() {}

  /// All lines `cpu`, which has the number -1, `cpu0`, `cpu1` and so on.
  package static func each(_ scanner: consuming ByteScanner) -> [(number: Int, times: ProcessorTimes)] {
    var found: [(Int, ProcessorTimes)] = []
    while scanner.skip("cpu") {
      let number = scanner.unsigned().map { Int(clamping: $0) } ?? -1
      var times = ProcessorTimes()
      times.readColumns(&scanner)
      found.append((number, times))
      scanner.skipPast(UInt8(ascii: "\n"))
    }
    return found
  }

  private mutating func readColumns(_ scanner: inout ByteScanner) {
    for column in 0..<8 {
      scanner.skipAll(UInt8(ascii: " "))
      guard let ticks = scanner.unsigned() else { return }
      if column == 3 || column == 4 { idle &+= ticks } else { busy &+= ticks }
    }
  }

  /// Share of busy time since `before`, in percent.
  package func percent(since before: ProcessorTimes) -> Double {
    guard busy >= before.busy, idle >= before.idle else { return 0 }
    let all = (busy - before.busy) + (idle - before.idle)
    return all == 0 ? 0 : Double(busy - before.busy) * 100 / Double(all)
  }
}
