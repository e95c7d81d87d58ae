/// Defines `Row`, what was measured of one scenario at one place, as a line of the table.

/// All times in microseconds, one a round.
struct Row: CustomStringConvertible {
  var scenario: Scenario
  var place: String
  var pause: [Int64] = []
  var checkpoint: [Int64] = []
  var restart: [Int64] = []
  var nothing: [Int64] = []
  var write: [Int64] = []
  /// The image's size.
  var bytes = 0

  init(scenario: Scenario, place: String) {
    self.scenario = scenario
    self.place = place
  }

  static let header = """
    | job | image on | pause | checkpoint | restart | image, MB | nothing | writing as much | checkpoint / baseline |
    |---|---|---|---|---|---|---|---|---|
    """

  var description: String {
    let checkpointTarget = place == "tmpfs" ? scenario.targets.tmpfs : scenario.targets.disk
    let baseline = max(Self.median(nothing) + Self.median(write), 1)
    let ratio = Double(Self.median(checkpoint)) / Double(baseline)
    let cells = [
      scenario.name, place, cell(pause, scenario.targets.pause), cell(checkpoint, checkpointTarget),
      cell(restart, scenario.targets.restart), Self.tenths(Double(bytes) / 1e6), cell(nothing, nil), cell(write, nil),
      Self.tenths(ratio),
    ]
    return "| \(cells.joined(separator: " | ")) |"
  }

  private func cell(_ times: [Int64], _ target: Double?) -> String {
    let milliseconds = Double(Self.median(times)) / 1000
    guard let target else { return Self.tenths(milliseconds) }
    return "\(Self.tenths(milliseconds)) (\(Self.tenths(target)))\(milliseconds > target ? " MISSED" : "")"
  }

  private static func median(_ values: [Int64]) -> Int64 {
    let sorted = values.sorted()
    return sorted.isEmpty ? 0 : sorted[sorted.count / 2]
  }

  /// With one decimal place.
  static func tenths(_ value: Double) -> String {
    let rounded = Int((value * 10).rounded())
    return "\(rounded / 10).\(rounded % 10)"
  }
}
