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
  private var looks: [(pair: Int16, attributes: Int32)] = []
  private(set) var lastClick: (row: Int, column: Int, time: Double) = (-1, -1, 0)

  /// Takes the terminal over.
  ///
  /// - Throws: why it cannot be used: not a terminal, or of a type without a movable cursor.
  init(colours: ColourChoice) throws(Problem) {
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
    crtop_enable_mouse()
    curs_set(0)
    hasColours = colours != .never && (environment("NO_COLOR") ?? "").isEmpty && has_colors()
    if hasColours {
      start_color()
      use_default_colors()
    }
    looks = Self.makeLooks(hasColours: hasColours)
  }

  deinit { endwin() }

  /// Numbers the pairs of colours that the roles need.
  private static func makeLooks(hasColours: Bool) -> [(pair: Int16, attributes: Int32)] {
    var pairs: [[Int16]: Int16] = [[-1, -1]: 0]
    return Role.allCases.map { role in
      let look = hasColours ? Palette.colours(role) : Palette.mono(role)
      let key = [look.foreground, look.background]
      if let pair = pairs[key] { return (pair, look.attributes) }
      let pair = Int16(pairs.count)
      init_pair(pair, look.foreground, look.background)
      pairs[key] = pair
      return (pair, look.attributes)
    }
  }

  /// The size in cells: rows, columns.
  var size: (height: Int, width: Int) {
    var (rows, columns): (Int32, Int32) = (0, 0)
    guard unsafe crtop_window_size(STDOUT_FILENO, &rows, &columns) == 0, rows > 0, columns > 0 else { return (24, 80) }
    return (Int(rows), Int(columns))
  }

  /// Follows a change of the window's size.
  func resize() {
    let size = size
    _ = resizeterm(Int32(size.height), Int32(size.width))
  }

  /// Shows a canvas; ncurses sends only what has changed.
  func show(_ canvas: Canvas) {
    for row in 0..<canvas.height {
      var column = 0
      while column < canvas.width {
        let role = canvas[row, column].role
        let start = column
        var text = String.UnicodeScalarView()
        while column < canvas.width, canvas[row, column].role == role {
          if let scalar = canvas[row, column].scalar { text.append(scalar) }
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
  }

  /// Draws everything anew at the next `show`.
  func repaint() { crtop_repaint() }

  /// Throws away what has been typed and not read.
  func flushInput() { flushinp() }

  /// Gives the terminal back for a while.
  func leave() { endwin() }

  /// Takes it again.
  func reenter() {
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
    }
    lastClick = (mouse.row, mouse.column, now)
    return .mouse(mouse)
  }
}

/// A variable of the environment.
func environment(_ name: String) -> String? {
  unsafe getenv(name).map { unsafe String(cString: $0) }
}
