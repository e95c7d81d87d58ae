/// Reads a configuration. What is wrong is told with its line and left as it is by default.

extension Configuration {
  /// Takes what a document says.
  ///
  /// - Parameter faults: gets what is wrong, in order of lines.
  package init(_ document: TOMLDocument, faults: inout [TOMLFault]) {
    self.init()
    faults += document.faults
    // The direction comes last: choosing a column to sort by brings its own.
    let entries = document.entries
    for entry in entries.filter({ $0.key != "descending" }) + entries.filter({ $0.key == "descending" }) {
      do throws(Complaint) {
        switch entry.table {
        case "": try set(entry.key, entry.value)
        case "keys": try setKeys(entry.key, entry.value)
        default: throw Complaint("there is no table [\(entry.table)]: only [keys]")
        }
      } catch {
        faults.append(TOMLFault(line: entry.lines.lowerBound, what: error.what))
      }
    }
    faults.sort { $0.line < $1.line }
  }

  private struct Complaint: Error {
    let what: String
    init(_ what: String) { self.what = what }
  }

  private mutating func set(_ key: String, _ value: TOMLValue) throws(Complaint) {
    switch key {
    case "refresh":
      guard case .number(let seconds) = value, 0.1...3600 ~= seconds else {
        throw Complaint("refresh is a number of seconds, 0.1 to 3600")
      }
      refreshSeconds = seconds
    case "theme": theme = try Self.choice(key, value)
    case "columns": columns = try Self.columns(value)
    case "sort": order = SortOrder(try Self.choice(key, value))
    case "descending": order.isDescending = try Self.boolean(key, value)
    case "tree": isTree = try Self.boolean(key, value)
    case "threads": showsThreads = try Self.boolean(key, value)
    case "kernel-threads": showsKernelThreads = try Self.boolean(key, value)
    case "header": showsHeader = try Self.boolean(key, value)
    case "mouse": usesMouse = try Self.boolean(key, value)
    case "hints": showsHints = try Self.boolean(key, value)
    default: throw Complaint("there is no setting '\(key)': 'crtop config' lists all")
    }
  }

  private static func boolean(_ key: String, _ value: TOMLValue) throws(Complaint) -> Bool {
    guard case .boolean(let boolean) = value else { throw Complaint("\(key) is true or false") }
    return boolean
  }

  private static func choice<Value: RawRepresentable<String> & CaseIterable>(
    _ key: String, _ value: TOMLValue
  ) throws(Complaint) -> Value {
    guard case .string(let text) = value, let choice = Value(rawValue: text) else {
      throw Complaint("\(key) is one of: " + Value.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", "))
    }
    return choice
  }

  private static func columns(_ value: TOMLValue) throws(Complaint) -> [Column] {
    guard case .array(let values) = value else { throw Complaint("columns is a list, such as [\"pid\", \"user\"]") }
    var columns: [Column] = []
    for value in values {
      let column: Column = try choice("a column", value)
      if columns.contains(column) { throw Complaint("the column \"\(column.rawValue)\" is there twice") }
      columns.append(column)
    }
    return columns
  }

  private mutating func setKeys(_ name: String, _ value: TOMLValue) throws(Complaint) {
    guard let action = Action.allCases.first(where: { $0.configurationName == name }) else {
      throw Complaint("there is no action '\(name)': 'crtop config' lists all")
    }
    guard case .array(let values) = value else { throw Complaint("\(name) is a list of keys, such as [\"F3\", \"/\"]") }
    var chosen: [Key] = []
    for value in values {
      guard case .string(let label) = value, let key = Key(label: label) else {
        throw Complaint("a key is one character, or F1 to F12, Ctrl-A, Space, Enter, Esc, Tab, Up, PgDn, Home ...")
      }
      if case .character(let character) = key, character.isASCII, character.isWholeNumber {
        throw Complaint("digits jump to a pid and can have no other meaning")
      }
      let place = KeyTable.place(of: action)
      let others = keys.filter { $0.key != action && KeyTable.place(of: $0.key) == place }
      if let other = others.first(where: { $0.value.contains(key) }) {
        throw Complaint("'\(label)' is the key of \(other.key.configurationName) already")
      }
      chosen.append(key)
    }
    if chosen.isEmpty && [.quit, .cancel, .help].contains(action) { throw Complaint("\(name) needs a key") }
    keys[action] = chosen
  }
}
