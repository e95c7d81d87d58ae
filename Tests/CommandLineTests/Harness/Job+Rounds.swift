/// What every job has to stand, whatever it is made of; the job itself says whether it has.

import SystemCalls
import TestSupport
import Testing

extension Job {
  /// A checkpoint, after which the job goes on.
  func goOnAfterCheckpoint() throws {
    let before = try tasks()
    try sandbox.crtopMust("checkpoint", "\(pid)", "-o", sandbox["image"])
    let after = try tasks()
    #expect(after.map(\.description) == before.map(\.description))
    #expect(traced(after) == [])
    try sandbox.crtopMust("verify", sandbox["image"])
    try expectPass()
  }

  /// Killed and restarted, one image after the other.
  func comeBackTwice() throws {
    for round in 1...2 {
      let image = sandbox["image-\(round)"]
      try restart(from: image, expecting: try checkpointAndKill(to: image))
    }
    try expectPass()
  }

  /// While the job is not there, the time of its sleeps does not pass; afterwards they sleep what was left, even when an
  /// earlier checkpoint has already interrupted them.
  func sleepWhatWasLeft() throws {
    try sandbox.crtopMust("checkpoint", "\(pid)", "-o", sandbox["first"])
    let tasks = try checkpointAndKill(to: sandbox["image"])
    // Longer than some of them have left.
    pause(microseconds: 1_500_000)
    try restart(from: sandbox["image"], expecting: tasks)
    try expectPass()
  }
}
