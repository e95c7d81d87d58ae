/// Defines the dialog that shows what is in an image before it is restarted.

internal import CheckpointRestart

enum RestartDialog {
  static func make(_ image: ImageEntry) -> Form {
    let restart = Button(label: "Restart") { form, app in
      var losses: Set<AcceptedLoss> = []
      for (index, loss) in AcceptedLoss.atRestart.enumerated() where form.isOn(index) { losses.insert(loss) }
      app.dismissAll()
      app.start(
        RestartRequest(source: image.path, detached: true, acceptedLosses: losses), subject: image.name)
    }
    return Form(
      title: "Restart", lines: describe(image),
      controls: AcceptedLoss.atRestart.map { (label($0), .toggle(false)) },
      buttons: [restart, .cancel], focusedButton: 0)
  }

  private static func describe(_ image: ImageEntry) -> [StyledLine] {
    var lines = [StyledLine("Job   \(image.name)", .dialogTitle)]
    if image.tasks > 0 {
      var counts = Format.count(image.tasks, "task") + ", " + Format.count(image.threads, "thread")
      if image.zombies > 0 { counts += ", " + Format.count(image.zombies, "zombie") }
      lines.append(StyledLine("Has   \(counts); its root gets pid \(image.rootPid) again", .dialog))
    }
    let host = image.host.isEmpty ? "" : " on \(image.host)"
    lines.append(StyledLine("Made  \(Format.date(image.time))\(host), \(Format.bytes(image.bytes))", .dialog))
    lines.append(StyledLine("File  \(image.path)", .dialog))
    lines.append(
      StyledLine(
        "It becomes a job of its own, without a terminal. What cannot be exact is refused, unless accepted:",
        .dialogDim))
    return lines
  }

  private static func label(_ loss: AcceptedLoss) -> String {
    switch loss {
    case .changedFiles: "Accept files changed since"
    case .clock: "Accept a clock gone back"
    case .coreFlag: "Accept a zombie's lost core flag"
    case .sleepTime: "Accept sleeps that begin anew"
    }
  }
}
