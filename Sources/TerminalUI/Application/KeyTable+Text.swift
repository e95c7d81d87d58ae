/// Writes the key table as text and as a section of the man page.

extension TerminalInterface {
  /// For `crtop keys`.
  public static var keysAsText: String {
    var text = ""
    for section in KeyTable.sections {
      text += "\(section.title)\n"
      for binding in section.bindings {
        let keys = binding.keys.map(\.label).joined(separator: " ")
        text += "  " + keys + String(repeating: " ", count: max(20 - keys.count, 1)) + binding.help + "\n"
      }
      text += "\n"
    }
    return text + KeyTable.notes.joined(separator: "\n") + "\n"
  }

  /// In the man page's language (groff_man(7)), between the lines that `Resources/generate-man` looks for.
  public static var keysAsManual: String {
    var text = ".SH KEYS\n"
    for section in KeyTable.sections {
      text += ".SS \(escaped(section.title))\n"
      for binding in section.bindings {
        let keys = binding.keys.map { "\\fB\(escaped($0.label))\\fR" }.joined(separator: ", ")
        text += ".TP\n\(keys)\n\(sentence(binding.help))\n"
      }
    }
    return text + ".PP\n" + KeyTable.notes.map { escaped($0) + "\n" }.joined()
  }

  private static func sentence(_ text: String) -> String {
    escaped(text.prefix(1).uppercased() + text.dropFirst() + ".")
  }

  private static func escaped(_ text: String) -> String {
    text.reduce(into: "") { result, character in
      switch character {
      case "\\": result += "\\e"
      case "-": result += "\\-"
      case "'": result += "\\(aq"
      default: result.append(character)
      }
    }
  }
}
