import CheckpointImage
import CheckpointRestart
import SystemCalls
import Testing
import TerminalUI

@Suite struct ForecastTests {
  private let plan = CheckpointPlan(tasks: 10, threads: 20, memoryBytes: 1 << 30)

  private func operation(_ plan: CheckpointPlan) -> OperationModel {
    OperationModel(id: 1, kind: .checkpoint, subject: "x", image: "", startedAt: 0, plan: plan)
  }

  @Test func aGuessGrowsWithTheJob() {
    let forecast = Forecast()
    var larger = plan
    larger.memoryBytes *= 2
    #expect(forecast.pause(of: larger) > forecast.pause(of: plan))
    larger = plan
    larger.tasks += 100
    #expect(forecast.pause(of: larger) > forecast.pause(of: plan))
    #expect(forecast.imageBytes(of: plan) == nil && forecast.pauses == 0)
  }

  @Test func whatWasMeasuredCounts() {
    var forecast = Forecast()
    let guess = forecast.pause(of: plan)
    let summary = OperationSummary(
      operation: "checkpoint", bytes: 1 << 28, pauseMicroseconds: Int64(guess * 3e6))
    forecast.learn(from: operation(plan), summary)
    #expect(abs(forecast.pause(of: plan) - 3 * guess) < guess / 100)
    #expect(forecast.imageBytes(of: plan) == 1 << 28)
    // Of another compression nothing is known yet.
    var packed = plan
    packed.compression = .lz4
    #expect(forecast.imageBytes(of: packed) == nil)
  }

  /// A job that is killed stands still while its image is written: that says nothing of one that goes on.
  @Test func killedJobsTeachNoPause() {
    var forecast = Forecast()
    let guess = forecast.pause(of: plan)
    var killing = plan
    killing.after = .kill
    forecast.learn(
      from: operation(killing), OperationSummary(operation: "checkpoint", bytes: 1 << 20, pauseMicroseconds: 60_000_000)
    )
    #expect(forecast.pause(of: plan) == guess && forecast.pauses == 0)
    #expect(forecast.imageBytes(of: plan) != nil)
  }

  @Test func roughFiguresHaveTwoDigits() {
    #expect(Format.roughly(seconds: 0.2174) == "220 ms")
    #expect(Format.roughly(seconds: 3.456) == "3.5 s")
    #expect(Format.roughly(seconds: 0) == "1.0 ms")
  }

  @Test func lossesAreFoundInRemedies() {
    func problem(_ remedy: String) -> Problem { Problem(errno: .notSupported, what: "x", why: "y", remedy: remedy) }
    for loss in AcceptedLoss.allCases { #expect(problem("accept that: \(loss.flag)").acceptableLoss == loss) }
    #expect(problem("put it back, or accept the difference: --accept changed-files").acceptableLoss == .changedFiles)
    #expect(problem("wait").acceptableLoss == nil)
    #expect(problem("look at the clock").acceptableLoss == nil)
  }
}
