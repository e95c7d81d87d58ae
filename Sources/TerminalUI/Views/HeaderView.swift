/// Defines the header: processor, memory and load, and the tasks by state.

internal import ProcessTree

enum HeaderView {
  static func draw(on canvas: inout Canvas, _ area: Rect, _ app: Application) {
    guard area.height > 0 else { return }
    if area.height > 1 { drawMeters(on: &canvas, area, app.machine) }
    drawTasks(on: &canvas, area.row + area.height - 1, area, app)
  }

  private static func drawMeters(on canvas: inout Canvas, _ area: Rect, _ machine: MachineStatus) {
    let loads = [machine.load1, machine.load5, machine.load15].map { Format.decimal($0, 2) }.joined(separator: " ")
    let right = area.width >= 100 ? "Load \(loads)  up \(Format.uptime(machine.uptimeSeconds))" : "Load \(loads)"
    let rightWidth = area.width >= 60 ? right.columns + 2 : 0
    let meter = (area.width - rightWidth) / 2
    drawMeter(
      on: &canvas, area.row, 0, meter - 1, "CPU", machine.cpuPercent / 100,
      "\(Format.decimal(machine.cpuPercent, 1))% of \(machine.processors)")
    let used = machine.memoryTotal == 0 ? 0 : Double(machine.memoryUsed) / Double(machine.memoryTotal)
    drawMeter(
      on: &canvas, area.row, meter, meter - 1, "Mem", used,
      "\(Format.bytes(machine.memoryUsed)) of \(Format.bytes(machine.memoryTotal))")
    if rightWidth > 0 {
      canvas.writeRight(right, row: area.row, column: area.width - rightWidth, width: rightWidth, role: .caption)
    }
  }

  /// `CPU[||||      12% of 2]`
  private static func drawMeter(
    on canvas: inout Canvas, _ row: Int, _ column: Int, _ width: Int, _ label: String, _ share: Double, _ text: String
  ) {
    let bar = width - label.columns - 2
    guard bar > 0 else { return }
    canvas.write(label, row: row, column: column, role: .caption)
    canvas.write("[", row: row, column: column + label.columns, role: .meterText)
    let start = column + label.columns + 1
    let filled = min(max(Int((share * Double(bar)).rounded()), share > 0.005 ? 1 : 0), bar)
    canvas.fill(Rect(row: row, column: start, height: 1, width: filled), "|", role: .meterFull)
    canvas.writeRight(text, row: row, column: start, width: bar, role: .meterText)
    canvas.write("]", row: row, column: start + bar, role: .meterText)
  }

  private static func drawTasks(on canvas: inout Canvas, _ row: Int, _ area: Rect, _ app: Application) {
    let tasks = app.model.tree.processes.filter { !$0.isKernelThread }
    var counts: [ProcessState: Int] = [:]
    for task in tasks { counts[task.state, default: 0] += 1 }
    let threads = tasks.reduce(0) { $0 + $1.threads }
    var column = canvas.write("Tasks ", row: row, column: 0, role: .caption)
    column += canvas.write(String(tasks.count), row: row, column: column, role: .strong)
    if area.width >= 72 {
      column += canvas.write(", \(Format.count(threads, "thread"))", row: row, column: column, role: .normal)
    }
    column += canvas.write(":", row: row, column: column, role: .normal)
    let order: [ProcessState] = [.frozen, .zombie, .stopped, .traced, .running, .diskSleep, .sleeping, .idle]
    for state in order {
      guard let count = counts[state], count > 0 else { continue }
      let text = "\(count) \(state.word)"
      guard column + 1 + text.columns < area.width else { break }
      column += 1 + canvas.write(text, row: row, column: column + 1, role: Role(state))
    }
    if area.height == 1, area.width - column > 12 {
      let load = "Load \(Format.decimal(app.machine.load1, 2))"
      canvas.writeRight(load, row: row, column: column, width: area.width - column, role: .caption)
    }
  }
}
