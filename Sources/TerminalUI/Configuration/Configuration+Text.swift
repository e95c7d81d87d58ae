/// Writes a configuration as text: all of it with comments, or single settings.

extension Configuration {
  /// The default, commented; every setting is there as a comment, so that the file changes nothing.
  package static var commentedDefault: String {
    let standard = Configuration()
    var text = """
      # Configuration of crtop. Take away the # before a setting to change it.
      # crtop never writes to this file unless you press 's' in its setup (F2).

      """
    for (name, comment) in comments {
      text += "\n" + wrap(comment, width: 116).map { "# \($0)\n" }.joined()
      text += "# \(name) = \(standard.value(of: name))\n"
    }
    text += """

      # Keys: for each action a list of keys, instead of those given here. Keys are single characters, or F1 to F12, Ctrl-A
      # to Ctrl-Z, Space, Enter, Esc, Tab, Shift-Tab, Backspace, Del, Up, Down, Left, Right, PgUp, PgDn, Home, End.
      # A key that is given to an action is taken from every other; the list of images has keys of its own.
      # [keys]

      """
    for section in KeyTable.sections {
      text += "\n# \(section.title)\n"
      for binding in section.bindings {
        let keys = binding.keys.map { quoted($0.label) }.joined(separator: ", ")
        text += "# \(binding.action.configurationName) = [\(keys)]\n"
      }
    }
    return text
  }

  /// All settings outside of tables, with what they mean.
  private static let comments: [(name: String, comment: String)] = [
    ("refresh", "Seconds between two refreshes, 0.1 to 3600."),
    ("theme", "Colours: " + Theme.allCases.map { quoted($0.rawValue) }.joined(separator: ", ") + "."),
    (
      "columns",
      "Columns before the command, in order: " + Column.allCases.map(\.rawValue).joined(separator: " ")
        + ". Narrow screens leave some out."
    ),
    ("sort", "Sort by: " + SortKey.allCases.map(\.rawValue).joined(separator: " ") + "."),
    ("descending", "Largest first; by default so for cpu, mem, time and thr."),
    ("tree", "A tree, or a flat list."),
    ("threads", "Show the threads of processes."),
    ("kernel-threads", "Show the threads of the kernel."),
    ("header", "Show the header."),
    ("mouse", "Take the mouse; if false, the terminal's own selection works without Shift."),
    ("hints", "Show a line for newcomers at the start."),
  ]

  /// What the user can change on the screen, and `s` in the setup saves.
  package static let savedNames = [
    "theme", "columns", "sort", "descending", "tree", "threads", "kernel-threads", "header",
  ]

  /// A setting's value as TOML; empty for what is no setting.
  package func value(of name: String) -> String {
    switch name {
    case "refresh": Format.decimal(refreshSeconds, 1)
    case "theme": Self.quoted(theme.rawValue)
    case "columns": "[" + columns.map { Self.quoted($0.rawValue) }.joined(separator: ", ") + "]"
    case "sort": Self.quoted(order.key.rawValue)
    case "descending": "\(order.isDescending)"
    case "tree": "\(isTree)"
    case "threads": "\(showsThreads)"
    case "kernel-threads": "\(showsKernelThreads)"
    case "header": "\(showsHeader)"
    case "mouse": "\(usesMouse)"
    case "hints": "\(showsHints)"
    default: ""
    }
  }

  private static func quoted(_ text: String) -> String {
    "\"" + text.reduce(into: "") { $0 += $1 == "\"" || $1 == "\\" ? "\\\($1)" : String($1) } + "\""
  }

  /// Puts settings into a text, each in the place of its line or before the first table; all else stays as it is.
  ///
  /// - Throws: the first fault of the text: what cannot be read is not rewritten.
  package func writing(_ names: [String], into text: String) throws(TOMLFault) -> String {
    let document = TOMLDocument(text)
    if let fault = document.faults.first { throw fault }
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    if lines.last?.isEmpty == true { lines.removeLast() }
    var edits: [(lines: Range<Int>, text: String)] = names.map { name in
      let entry = document.entries.first { $0.table.isEmpty && $0.key == name }
      let end = (document.firstTable ?? lines.count + 1) - 1
      let place = entry.map { $0.lines.lowerBound - 1..<$0.lines.upperBound } ?? end..<end
      return (place, "\(name) = \(value(of: name))")
    }
    // From the end, so that the places before stay valid; new settings keep their order.
    edits = edits.enumerated().sorted {
      ($0.element.lines.lowerBound, $0.offset) > ($1.element.lines.lowerBound, $1.offset)
    }
    .map(\.element)
    for edit in edits { lines.replaceSubrange(edit.lines, with: [edit.text]) }
    return lines.joined(separator: "\n") + "\n"
  }
}
