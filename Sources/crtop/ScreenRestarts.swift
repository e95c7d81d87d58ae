/// Defines `ScreenRestarts`, the restarts for which the screen starts crtop anew.

internal import CheckpointRestart
internal import TerminalUI

struct ScreenRestarts: RestartLauncher {
  func foreground(_ request: RestartRequest, inNewPidNamespace: Bool) -> [String] {
    command(request, options: inNewPidNamespace ? [RestartRequest.newPidNamespaceFlag] : [])
  }

  func restartInNewPidNamespace(_ request: RestartRequest) -> any FollowedOperation {
    NamespaceOperation(command(request, options: [RestartRequest.newPidNamespaceFlag, "--detach", "--json"]))
  }

  private func command(_ request: RestartRequest, options: [String]) -> [String] {
    let losses = request.acceptedLosses.map(\.rawValue).sorted()
    return ["crtop", "restart"] + options + losses.flatMap { ["--accept", $0] } + ["--", request.source]
  }
}
