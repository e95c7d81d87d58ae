/// Defines the questions that are asked before something is stopped, killed or deleted. All open with Cancel focused.

internal import ProcessTree

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

  /// Before checkpoints that do not let the jobs go on.
  static func stopAfterCheckpoint(
    _ jobs: [SubtreeSummary], files: [String], kills: Bool, start: @escaping (Application) -> Void
  ) -> Form {
    let tasks = Format.count(jobs.reduce(0) { $0 + $1.tasks }, "task")
    let named = zip(jobs, files).flatMap { ["Job: \($0.name): \($0.counts)", "File: \($1)"] }
    let fate =
      kills
      ? "When the file is safe on disk, \(tasks) will be KILLED."
      : "\(jobs.count > 1 ? "The jobs" : "The job") will stand still afterwards, until thawed with z."
    return question(
      kills ? "Checkpoint and kill" : "Checkpoint and leave frozen", named + [fate],
      button: kills ? "Checkpoint and kill" : "Checkpoint", start)
  }

  /// Before a checkpoint takes the place of what is in its file.
  static func replace(_ files: [String], _ proceed: @escaping (Application) -> Void) -> Form {
    question(
      "Replace image",
      files.map { "File: \($0)" } + [
        "\(files.count == 1 ? "It exists" : "They exist"). The new image takes the place of the old one, which cannot be "
          + "restarted any more."
      ], button: "Replace", proceed)
  }

  /// Before images are deleted.
  static func delete(_ images: [ImageEntry], _ delete: @escaping (Application) -> Void) -> Form {
    let named = images.flatMap { image in
      [
        "\(image.name)\(image.tasks > 0 ? " (\(Format.count(image.tasks, "task")))" : "")",
        "  \(image.path), \(Format.bytes(image.bytes)), of \(Format.date(image.time))",
      ]
    }
    let what = images.count == 1 ? "Delete the image of" : "Delete these \(images.count) images of"
    return question(
      images.count == 1 ? "Delete image" : "Delete \(images.count) images",
      (images.count == 1 ? ["\(what) \(named[0])?", "File: \(named[1].dropFirst(2))"] : [what + ":"] + named)
        + ["What is in it cannot be restarted any more."],
      button: images.count == 1 ? "Delete" : "Delete \(images.count)", delete)
  }

  /// Before the program ends during an operation.
  static func quit(during operation: OperationModel, waiting: Int) -> Form {
    question(
      "Quit",
      [
        "The \(operation.name) is running"
          + (waiting > 0 ? ", and \(Format.count(waiting, "operation")) waiting." : "."),
        "To quit, it will be cancelled and undone first.",
      ], button: "Undo it and quit"
    ) { app in app.terminate(status: 0) }
  }

  /// Before something is done to init, this program, or one that it depends on: the name must be typed.
  ///
  /// - Parameters:
  ///   - what: what would be done to them, as the dialog's title.
  ///   - button: what the button says that does it.
  static func vital(
    _ what: String, to targets: [ProcessRecord], protected: ProcessRecord, button: String,
    _ action: @escaping (Application) -> Void
  ) -> Form {
    let others = targets.count > 1 ? " and \(Format.count(targets.count - 1, "other"))" : ""
    let send = Button(
      label: button, isDangerous: true, isEnabled: { form in form.text(0) == protected.comm }
    ) { form, app in
      app.dismiss(form)
      action(app)
    }
    let reason = protected.pid == 1 ? "keeps the system alive" : "is this crtop, or something that it runs in"
    return Form(
      title: what, controls: [("Name", .field(TextField()))], buttons: [send, .cancel], focusedButton: 1
    ) { _, _ in
      [
        StyledLine("\(what) to \(protected.comm) (\(protected.pid))\(others)?", .dialog),
        StyledLine("\(protected.comm) (\(protected.pid)) \(reason).", .warning),
        StyledLine("If you mean it, type its name: \(protected.comm)", .dialog),
      ]
    }
  }

  private static func question(
    _ title: String, _ lines: [String], button: String, _ action: @escaping (Application) -> Void
  ) -> Form {
    let yes = Button(label: button, isDangerous: true) { form, app in
      app.dismiss(form)
      action(app)
    }
    return Form(title: title, buttons: [yes, .cancel], focusedButton: 1) { _, _ in
      lines.map { StyledLine($0, .dialog) }
    }
  }
}
