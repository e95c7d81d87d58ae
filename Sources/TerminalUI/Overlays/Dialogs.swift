/// Defines the questions that are asked before something is stopped, killed or deleted. All open with Cancel focused.

enum Dialogs {
  /// Before a job is frozen.
  static func freeze(_ subtree: SubtreeSummary) -> Form {
    question(
      "Freeze",
      [
        "Freeze \(subtree.name): \(subtree.counts)?",
        "The job stands still until it is thawed: press z again. It stays frozen when crtop ends.",
      ], button: "Freeze"
    ) { app in app.freeze(subtree.root) }
  }

  /// Before a checkpoint that does not let the job go on.
  static func stopAfterCheckpoint(
    _ subtree: SubtreeSummary, file: String, kills: Bool, start: @escaping (Application) -> Void
  ) -> Form {
    question(
      kills ? "Checkpoint and kill" : "Checkpoint and leave frozen",
      [
        "Job: \(subtree.name): \(subtree.counts)",
        "File: \(file)",
        kills
          ? "When the file is safe on disk, \(Format.count(subtree.tasks, "task")) will be KILLED."
          : "The job will stand still afterwards, until it is thawed.",
      ], button: kills ? "Checkpoint and kill" : "Checkpoint", start)
  }

  /// Before an image is deleted.
  static func delete(_ image: ImageEntry, _ delete: @escaping (Application) -> Void) -> Form {
    question(
      "Delete image",
      [
        "Delete the image of \(image.name)\(image.tasks > 0 ? " (\(Format.count(image.tasks, "task")))" : "")?",
        "File: \(image.path), \(Format.bytes(image.bytes)), of \(Format.date(image.time))",
        "The job in it cannot be restarted any more.",
      ], button: "Delete", delete)
  }

  /// Before the program ends during an operation.
  static func quit(during operation: OperationModel) -> Form {
    question(
      "Quit",
      [
        "The \(operation.kind.rawValue) of \(operation.subject) is running.",
        "To quit, it will be cancelled and undone first.",
      ], button: "Cancel it and quit"
    ) { app in app.terminate(status: 0) }
  }

  private static func question(
    _ title: String, _ lines: [String], button: String, _ action: @escaping (Application) -> Void
  ) -> Form {
    let yes = Button(label: button, isDangerous: true) { form, app in
      app.dismiss(form)
      action(app)
    }
    return Form(title: title, lines: lines.map { StyledLine($0, .dialog) }, buttons: [yes, .cancel], focusedButton: 1)
  }
}
