/// What the configuration says at the start, and how the setup is saved.

package import SystemCalls

extension Application {
  /// What is wrong with the configuration; else a line for those who are new here.
  package func greet(_ configuration: Configuration, _ problems: [Problem]) {
    for problem in problems { report(problem, during: "configuration") }
    if problems.count > 1 {
      let first = problems.first.map { "\($0.what): \($0.why)" } ?? ""
      notice = Notice(text: "\(first) (\(keymap.label(of: .errors)): all \(problems.count))", role: .error, until: nil)
    }
    guard problems.isEmpty, configuration.showsHints else { return }
    let keys = [Action.help, .checkpoint, .images].map { keymap.label(of: $0) }
    let others =
      isReadOnly
      ? "\(keys[2]): look into images." : "\(keys[1]): save the selected job to a file. \(keys[2]): bring one back."
    let text = "\(keys[0]): all keys. \(others) Esc: hide this line."
    notice = Notice(text: text, role: .information, until: nil, isGreeting: true)
  }

  /// The arrangement of the screen as it is now.
  package var arrangement: Configuration {
    var configuration = Configuration()
    configuration.theme = theme
    configuration.columns = columns
    configuration.order = model.order
    configuration.isTree = model.isTree
    configuration.showsThreads = showsThreads
    configuration.showsKernelThreads = model.showsKernelThreads
    configuration.showsHeader = showsHeader
    return configuration
  }

  /// Writes the arrangement into the configuration file: only ever because the user asked for it.
  package func saveArrangement() {
    guard let file = configurationFile else {
      tell("neither XDG_CONFIG_HOME nor HOME says where the configuration is", .warning)
      return
    }
    guard !isReadOnly else {
      tell("read-only: the configuration is not written", .warning)
      return
    }
    do throws(Problem) {
      try file.save(Configuration.savedNames, of: arrangement)
      tell("saved in \(file.path)", .good)
    } catch {
      report(error, during: "save the configuration")
    }
  }
}
