/// Defines `Palette`, how each role looks, with colours and without.

internal import CNcurses

/// Foreground and background (-1: the terminal's own, 0 to 7: the basic colours) and attributes.
struct Look: Sendable, Hashable {
  var foreground: Int16 = -1
  var background: Int16 = -1
  var attributes: Int32 = 0

  static let bold = Int32(CRTOP_BOLD)
  static let reverse = Int32(CRTOP_REVERSE)
  static let underline = Int32(CRTOP_UNDERLINE)
  static let dim = Int32(CRTOP_DIM)

  init(_ foreground: Colour = .own, on background: Colour = .own, _ attributes: Int32 = 0) {
    self.foreground = foreground.rawValue
    self.background = background.rawValue
    self.attributes = attributes
  }

  enum Colour: Int16 { case own = -1, black, red, green, yellow, blue, magenta, cyan, white }
}

enum Palette {
  /// Colours never stand alone: each state also has its letter and word.
  static func colours(_ role: Role) -> Look {
    switch role {
    case .normal, .meterText, .dialog: Look()
    case .strong, .key: Look(.own, Look.bold)
    case .dim, .dialogDim, .buttonDisabled, .idle, .kernelThread, .meterEmpty: Look(.own, Look.dim)
    case .sleeping: Look()
    case .caption, .information, .treeLine, .dialogFrame: Look(.cyan)
    case .columnTitle: Look(.black, on: .green)
    case .sortTitle: Look(.black, on: .cyan)
    case .selection, .buttonFocused, .fieldFocused, .choiceFocused, .keyName: Look(.black, on: .cyan)
    case .selectionLost: Look(.own, Look.reverse | Look.dim)
    case .running, .good, .meterFull: Look(.green, Look.bold)
    case .diskSleep, .dead, .error: Look(.red, Look.bold)
    case .stopped, .folded, .tagged, .warning: Look(.yellow, Look.bold)
    case .traced: Look(.magenta)
    case .zombie: Look(.magenta, Look.bold)
    case .frozen: Look(.white, on: .blue, Look.bold)
    case .dialogTitle: Look(.cyan, Look.bold)
    case .field: Look(.own, Look.underline)
    case .button: Look(.own, Look.bold)
    case .dangerFocused: Look(.white, on: .red, Look.bold)
    }
  }

  static func mono(_ role: Role) -> Look {
    switch role {
    case .columnTitle, .selection, .buttonFocused, .fieldFocused, .choiceFocused, .keyName:
      Look(.own, Look.reverse)
    case .sortTitle, .dangerFocused: Look(.own, Look.reverse | Look.bold)
    case .selectionLost: Look(.own, Look.underline)
    case .strong, .key, .running, .folded, .tagged, .dialogTitle, .button, .warning, .good, .meterFull, .zombie,
      .diskSleep, .stopped:
      Look(.own, Look.bold)
    case .frozen, .error: Look(.own, Look.bold | Look.underline)
    case .field: Look(.own, Look.underline)
    case .dim, .dialogDim, .buttonDisabled, .idle, .kernelThread: Look(.own, Look.dim)
    default: Look()
    }
  }
}

extension Look {
  fileprivate init(_ foreground: Colour, _ attributes: Int32) { self.init(foreground, on: .own, attributes) }
}
