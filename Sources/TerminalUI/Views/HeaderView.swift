/// Defines the header: processors, memory, swap and load, and the tasks by state.

internal import ProcessTree

enum HeaderView {
  static func draw(on canvas: inout Canvas, _ area: Rect, _ app: Application) {
    guard area.height > 0 else { return }
    let meters = Rect(row: area.row, column: 0, height: area.height - 1, width: area.width)
    drawMeters(on: &canvas, meters, MeterPlan(app.machine, width: area.width, rows: meters.height), app.machine)
    drawTasks(on: &canvas, area.row + area.height - 1, area, app)
  }

  /// Processors at the left, memory and swap at the right.
  private static func drawMeters(on canvas: inout Canvas, _ area: Rect, _ plan: MeterPlan, _ machine: MachineStatus) {
    guard area.height > 0 else { return }
    for (index, meter) in plan.processors.enumerated() {
      let (column, row) = index.quotientAndRemainder(dividingBy: plan.rows)
      drawMeter(on: &canvas, area.row + row, column * plan.processorWidth, plan.processorWidth - 1, meter)
    }
    let left = area.width / 2
    for (row, meter) in plan.memory.prefix(area.height).enumerated() {
      drawMeter(on: &canvas, area.row + row, left, area.width - left, meter)
    }
  }

  /// `CPU[||||      12% of 2]`
  private static func drawMeter(on canvas: inout Canvas, _ row: Int, _ column: Int, _ width: Int, _ meter: Meter) {
    let bar = width - meter.label.columns - 2
    guard bar > 0 else { return }
    canvas.write(meter.label, row: row, column: column, role: .caption)
    canvas.write("[", row: row, column: column + meter.label.columns, role: .meterText)
    let start = column + meter.label.columns + 1
    let filled = min(max(Int((meter.share * Double(bar)).rounded()), meter.share > 0.005 ? 1 : 0), bar)
    canvas.fill(Rect(row: row, column: start, height: 1, width: filled), "|", role: .meterFull)
    canvas.writeRight(meter.text, row: row, column: start, width: bar, role: .meterText)
    canvas.write("]", row: row, column: start + bar, role: .meterText)
  }

  private static func drawTasks(on canvas: inout Canvas, _ row: Int, _ area: Rect, _ app: Application) {
    let counts = app.model.stateCounts
    let load = loadText(app.machine, width: area.width)
    let limit = area.width - load.columns - 1
    var column = canvas.write("Tasks ", row: row, column: 0, role: .caption)
    column += canvas.write(String(counts.tasks), row: row, column: column, role: .strong)
    if area.width >= 100 {
      column += canvas.write(", \(Format.count(counts.threads, "thread"))", row: row, column: column, role: .normal)
    }
    column += canvas.write(":", row: row, column: column, role: .normal)
    let order: [ProcessState] = [.frozen, .zombie, .stopped, .traced, .running, .diskSleep, .sleeping, .idle]
    for state in order {
      guard let count = counts.states[state], count > 0 else { continue }
      let text = "\(count) \(state.word)"
      guard column + 1 + text.columns < limit else { break }
      column += 1 + canvas.write(text, row: row, column: column + 1, role: Role(state))
    }
    canvas.writeRight(load, row: row, column: column, width: area.width - column, role: .caption)
  }

  private static func loadText(_ machine: MachineStatus, width: Int) -> String {
    guard width >= 60 else { return "" }
    let loads = [machine.load1, machine.load5, machine.load15].prefix(width >= 72 ? 3 : 1)
    let text = "Load " + loads.map { Format.decimal($0, 2) }.joined(separator: " ")
    return width >= 80 ? "\(text)  up \(Format.uptime(machine.uptimeSeconds))" : text
  }
}
