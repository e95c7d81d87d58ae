/// Turns what ncurses reads into keys and mouse events.

internal import CNcurses
internal import Glibc

/// One piece of input.
enum Input {
  case key(Key)
  case mouse(MouseEvent)
  /// Something without a meaning here.
  case nothing
}

extension Terminal {
  /// Reads one piece of input without waiting.
  func readInput() -> Input? {
    var code: wint_t = 0
    switch unsafe get_wch(&code) {
    case Int32(KEY_CODE_YES): return functionKey(Int32(bitPattern: code))
    case 0: return character(code)
    default: return nil
    }
  }

  private func functionKey(_ code: Int32) -> Input {
    let key: Key? =
      switch code {
      case KEY_UP: .up
      case KEY_DOWN: .down
      case KEY_LEFT: .left
      case KEY_RIGHT: .right
      case KEY_PPAGE: .pageUp
      case KEY_NPAGE: .pageDown
      case KEY_HOME: .home
      case KEY_END: .end
      case KEY_ENTER: .enter
      case KEY_BACKSPACE: .backspace
      case KEY_DC: .delete
      case KEY_BTAB: .backTab
      case KEY_F0 + 1...KEY_F0 + 12: .function(Int(code - KEY_F0))
      default: nil
      }
    if let key { return .key(key) }
    guard code == KEY_MOUSE else { return .nothing }
    var (row, column): (Int32, Int32) = (0, 0)
    let kind: MouseEvent.Kind
    switch unsafe crtop_read_mouse(&row, &column) {
    case CRTOP_MOUSE_PRESS: kind = .click
    case CRTOP_MOUSE_WHEEL_UP: kind = .wheelUp
    case CRTOP_MOUSE_WHEEL_DOWN: kind = .wheelDown
    default: return .nothing
    }
    return .mouse(MouseEvent(kind, row: Int(row), column: Int(column)))
  }

  private func character(_ code: wint_t) -> Input {
    switch code {
    case 9: return .key(.tab)
    case 10, 13: return .key(.enter)
    case 8, 127: return .key(.backspace)
    case 27: return escape()
    case 1...26:
      guard let letter = Unicode.Scalar(code + 96) else { return .nothing }
      return .key(.control(Character(letter)))
    case 0..<32: return .nothing
    default:
      guard let scalar = Unicode.Scalar(code), scalar.columns > 0 else { return .nothing }
      return .key(.character(Character(scalar)))
    }
  }

  /// A lone Esc, or a sequence that the terminal's description does not know. Its letters must not act as keys: a
  /// foreign `Esc [ D` would open a dialog.
  private func escape() -> Input {
    var code: wint_t = 0
    let result = unsafe get_wch(&code)
    // A key with a name that came right behind it is a key of its own.
    if result == KEY_CODE_YES { ungetch(Int32(bitPattern: code)) }
    guard result == 0 else { return .key(.escape) }
    guard code == 0x5b || code == 0x4f else {
      unget_wch(wchar_t(bitPattern: code))
      return .key(.escape)
    }
    // Parameters, then one final byte.
    for _ in 0..<32 {
      guard unsafe get_wch(&code) == 0 else { return .nothing }
      if 0x40...0x7e ~= code { break }
    }
    switch UInt8(truncatingIfNeeded: code) {
    case UInt8(ascii: "A"): return .key(.up)
    case UInt8(ascii: "B"): return .key(.down)
    case UInt8(ascii: "C"): return .key(.right)
    case UInt8(ascii: "D"): return .key(.left)
    case UInt8(ascii: "H"): return .key(.home)
    case UInt8(ascii: "F"): return .key(.end)
    default: return .nothing
    }
  }
}
