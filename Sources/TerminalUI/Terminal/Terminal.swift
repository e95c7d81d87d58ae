/// Defines `Terminal`, the thin layer that puts a canvas on the real terminal with ncurses.

internal import CLinux
internal import CNcurses
internal import Glibc
internal import SystemCalls

/// When to use colours.
public enum ColourChoice: String, Sendable, CaseIterable {
  /// Unless `NO_COLOR` is set or the terminal has none.
  case automatic
  case never
}

/// The terminal on standard input and output, in ncurses's hands while this value lives, and given back after it.
struct Terminal: ~Copyable {
  let glyphs: Glyphs
  private let hasColours: Bool
  private(set) var theme = Theme.standard
  private var looks: [(pair: Int16, attributes: Int32)] = []
  /// What stands on the screen; `nil` when that is not known.
  private var shown: Canvas?
  private(set) var lastClick: (row: Int, column: Int, time: Double) = (-1, -1, 0)

  /// Takes the terminal over.
  ///
  /// - Throws: why it cannot be used: not a terminal, or of a type without a movable cursor.
  init(colours: ColourChoice, theme: Theme, mouse: Bool) throws(Problem) {
    guard isatty(STDIN_FILENO) == 1, isatty(STDOUT_FILENO) == 1 else {
      throw Problem(
        errno: .init(rawValue: ENOTTY), what: "the screen cannot be shown",
        why: "standard input and output are not a terminal",
        remedy: "run crtop in a terminal, or use a subcommand such as 'crtop ps'")
    }
    unsafe setlocale(LC_ALL, "")
    guard crtop_terminal_is_usable() else {
      throw Problem(
        errno: .init(rawValue: ENOTTY), what: "the screen cannot be shown",
        why: "the terminal type TERM=\(environment("TERM") ?? "(not set)") is unknown or cannot place the cursor",
        remedy: "set TERM to the type of this terminal, or use a subcommand such as 'crtop ps'")
    }
    _ = crtop_restore_terminal_after_fault(STDOUT_FILENO)
    guard unsafe crtop_new_terminal() != nil else {
      throw Problem(
        errno: .init(rawValue: ENOTTY), what: "the screen cannot be shown", why: "ncurses cannot use this terminal",
        remedy: "check TERM")
    }
    let codeset = unsafe nl_langinfo(Int32(CODESET)).map { unsafe String(cString: $0) }
    glyphs = codeset == "UTF-8" ? .unicode : .ascii
    cbreak()
    noecho()
    nonl()
    crtop_prepare_input()
    // How long a lone Esc waits for the rest of a key's sequence, in milliseconds.
    set_escdelay(25)
    if mouse { crtop_enable_mouse() }
    curs_set(0)
    hasColours = colours != .never && (environment("NO_COLOR") ?? "").isEmpty && has_colors()
    if hasColours {
      start_color()
      use_default_colors()
    }
    use(theme)
  }

  deinit { leave() }

  /// Changes the looks of all roles.
  mutating func use(_ theme: Theme) {
    self.theme = theme
    let theme = hasColours ? theme : .mono
    let colours = crtop_colours()
    var pairs: [[Int16]: Int16] = [[-1, -1]: 0]
    looks = Role.allCases.map { role in
      let look = theme.look(role)
      var attributes = look.attributes
      // Grey stands for dim where there is grey.
      if look.foreground == .grey && theme != .mono && colours >= 16 { attributes.remove(.dim) }
      let key = [look.foreground.number(of: colours), look.background.number(of: colours)]
      if let pair = pairs[key] { return (pair, attributes.rawValue) }
      let pair = Int16(pairs.count)
      init_pair(pair, key[0], key[1])
      pairs[key] = pair
      return (pair, attributes.rawValue)
    }
    shown = nil
  }

  /// The size in cells: rows, columns.
  var size: (height: Int, width: Int) {
    guard let size = windowSize(STDOUT_FILENO), size.rows > 0, size.columns > 0 else { return (24, 80) }
    return (size.rows, size.columns)
  }

  /// Follows a change of the window's size.
  mutating func resize() {
    let size = size
    _ = resizeterm(Int32(size.height), Int32(size.width))
    shown = nil
  }

  /// Shows a canvas; ncurses sends only what has changed, and rows that are as they were do not even come to it.
  mutating func show(_ canvas: Canvas) {
    let before = shown?.height == canvas.height && shown?.width == canvas.width ? shown : nil
    for row in 0..<canvas.height {
      if let before, before.hasSameRow(row, as: canvas) { continue }
      var column = 0
      while column < canvas.width {
        let role = canvas[row, column].role
        let start = column
        var text = String.UnicodeScalarView()
        while column < canvas.width, canvas[row, column].role == role {
          let cell = canvas[row, column]
          if let scalar = cell.scalar { text.append(scalar) }
          if let mark = cell.mark { text.append(mark) }
          column += 1
        }
        let look = looks[role.rawValue]
        unsafe crtop_put(Int32(row), Int32(start), String(text), look.pair, look.attributes)
      }
    }
    if let cursor = canvas.cursor {
      move(Int32(cursor.row), Int32(cursor.column))
      curs_set(1)
    } else {
      curs_set(0)
    }
    refresh()
    shown = canvas
  }

  /// Draws everything anew at the next `show`.
  mutating func repaint() {
    crtop_repaint()
    shown = nil
  }

  /// Throws away what has been typed and not read.
  func flushInput() { flushinp() }

  /// Gives the terminal back for a while.
  borrowing func leave() {
    // Where the screen stays as it is, the shell's prompt comes on the last line.
    move(Int32(size.height) - 1, 0)
    clrtoeol()
    refresh()
    endwin()
  }

  /// Makes this program's group the one that has the keyboard, whatever a guest has left.
  func takeBack() {
    if tcgetpgrp(STDIN_FILENO) != getpgrp() { setForegroundGroup(getpgrp(), of: STDIN_FILENO) }
  }

  /// A line where the screen is not.
  static func print(_ text: String) {
    // Names come from programs: nothing may reach the terminal as a command.
    let shown = String(String.UnicodeScalarView(text.unicodeScalars.filter { $0.columns > 0 }))
    let bytes = Array("\r\n\(shown)\r\n".utf8)
    _ = try? systemCall { unsafe bytes.withUnsafeBytes { unsafe write(STDOUT_FILENO, $0.baseAddress, $0.count) } }
  }

  /// Takes it again.
  mutating func reenter() {
    refresh()
    resize()
    crtop_repaint()
  }

  /// The next key or mouse event; `nil` when there is none.
  mutating func read(now: Double) -> Input? {
    guard let input = readInput() else { return nil }
    guard case .mouse(var mouse) = input, mouse.kind == .click else { return input }
    if mouse.row == lastClick.row && mouse.column == lastClick.column && now - lastClick.time < 0.4 {
      mouse.kind = .doubleClick
      // A third is not another one.
      lastClick = (-1, -1, 0)
    } else {
      lastClick = (mouse.row, mouse.column, now)
    }
    return .mouse(mouse)
  }
}

/// A variable of the environment.
func environment(_ name: String) -> String? {
  unsafe getenv(name).map { unsafe String(cString: $0) }
}
