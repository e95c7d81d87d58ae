/// Defines `MeterPlan`, which meters the header has room for.

package import ProcessTree

/// One bar with its label and text.
struct Meter: Sendable, Hashable {
  var label: String
  /// 0 to 1.
  var share: Double
  var text: String
}

/// A meter for each processor in columns, or one for all where they are too many.
package struct MeterPlan: Sendable {
  /// The narrowest meter of one processor: `12[| 34%]` and a space.
  private static let least = 10

  var processors: [Meter] = []
  var memory: [Meter] = []
  /// Rows used by the processors, and columns of each of their meters.
  package private(set) var rows = 1
  var processorWidth: Int

  /// Plans for so many rows of meters.
  package init(_ machine: MachineStatus, width: Int, rows: Int) {
    let left = width / 2
    let shares = machine.processorPercents
    let columns = max(left / Self.least, 1)
    memory = Self.memory(machine)
    if rows > 0, shares.count > 1, shares.count <= rows * columns {
      self.rows = min(max((shares.count + columns - 1) / columns, min(memory.count, shares.count)), rows)
      processorWidth = left / ((shares.count + self.rows - 1) / self.rows)
      processors = shares.enumerated().map { number, percent in
        Meter(label: "\(number)", share: percent / 100, text: "\(Format.decimal(percent, 0))%")
      }
    } else {
      processorWidth = left
      let text = "\(Format.decimal(machine.cpuPercent, 1))% of \(machine.processors)"
      processors = [Meter(label: "CPU", share: machine.cpuPercent / 100, text: text)]
    }
  }

  private static func memory(_ machine: MachineStatus) -> [Meter] {
    var meters = [meter("Mem", machine.memoryUsed, machine.memoryTotal)]
    if machine.swapTotal > 0 { meters.append(meter("Swp", machine.swapUsed, machine.swapTotal)) }
    return meters
  }

  private static func meter(_ label: String, _ used: UInt64, _ total: UInt64) -> Meter {
    Meter(
      label: label, share: total == 0 ? 0 : Double(used) / Double(total),
      text: "\(Format.bytes(used)) of \(Format.bytes(total))")
  }

  /// Lines of a header on a screen of this size, the line of tasks included.
  package static func headerLines(_ machine: MachineStatus, width: Int, height: Int) -> Int {
    let most = height >= 40 ? 8 : (height >= 30 ? 4 : (height >= 20 ? 2 : (height >= 16 ? 1 : 0)))
    guard most > 0 else { return height >= 13 ? 1 : 0 }
    let plan = MeterPlan(machine, width: width, rows: most)
    return min(max(plan.rows, plan.memory.count), most) + 1
  }
}
