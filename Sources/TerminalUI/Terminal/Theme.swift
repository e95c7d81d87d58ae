/// Defines `Theme`, how each role looks.

/// A set of looks. Colours never stand alone: each state also has its letter and word.
package enum Theme: String, Sendable, CaseIterable {
  /// For dark and most other backgrounds.
  case standard = "default"
  /// For light backgrounds: no yellow, no cyan, no white.
  case light
  /// Attributes only.
  case mono
  /// Colours that differ for every kind of colour vision (after Okabe and Ito): no red beside green.
  case colourBlind = "colour-blind"

  func look(_ role: Role) -> Look {
    switch self {
    case .standard: Self.standard(role)
    case .light: Self.light(role) ?? Self.standard(role)
    case .mono: Self.mono(role)
    case .colourBlind: Self.colourBlind(role) ?? Self.standard(role)
    }
  }

  private static func standard(_ role: Role) -> Look {
    switch role {
    case .normal, .meterText, .dialog, .sleeping: Look()
    case .strong, .key, .button: Look(.own, .bold)
    case .dim, .dialogDim, .buttonDisabled, .idle, .kernelThread, .meterEmpty: Look(.grey, .dim)
    case .caption, .information, .treeLine, .dialogFrame: Look(.cyan)
    case .columnTitle: Look(.black, on: .green)
    case .sortTitle: Look(.black, on: .cyan)
    case .selection, .buttonFocused, .fieldFocused, .choiceFocused, .keyName: Look(.black, on: .cyan)
    case .selectionLost: Look(.own, [.reverse, .dim])
    case .running, .good, .meterFull: Look(.green, .bold)
    case .diskSleep, .dead, .error: Look(.red, .bold)
    case .stopped, .folded, .tagged, .warning: Look(.yellow, .bold)
    case .traced: Look(.magenta)
    case .zombie: Look(.magenta, .bold)
    case .frozen: Look(.white, on: .blue, .bold)
    case .dialogTitle: Look(.cyan, .bold)
    case .field: Look(.own, .underline)
    case .dangerFocused: Look(.white, on: .red, .bold)
    }
  }

  private static func light(_ role: Role) -> Look? {
    switch role {
    case .caption, .information, .treeLine, .dialogFrame: Look(.blue)
    case .dialogTitle: Look(.blue, .bold)
    case .columnTitle: Look(.white, on: .blue)
    case .sortTitle: Look(.white, on: .blue, [.bold, .underline])
    case .selection, .buttonFocused, .fieldFocused, .choiceFocused, .keyName: Look(.white, on: .blue, .bold)
    case .running, .good, .meterFull: Look(.darkGreen, .bold)
    case .stopped, .folded, .tagged, .warning: Look(.brown, .bold)
    case .frozen: Look(.black, on: .cyan, .bold)
    default: nil
    }
  }

  private static func colourBlind(_ role: Role) -> Look? {
    switch role {
    case .caption, .information, .treeLine, .dialogFrame: Look(.skyBlue)
    case .dialogTitle: Look(.skyBlue, .bold)
    case .columnTitle: Look(.black, on: .skyBlue)
    case .sortTitle: Look(.black, on: .orange)
    case .running, .good, .meterFull: Look(.skyBlue, .bold)
    case .diskSleep, .dead, .error: Look(.vermillion, [.bold, .underline])
    case .stopped, .folded, .tagged, .warning: Look(.orange, .bold)
    case .traced: Look(.purple)
    case .zombie: Look(.purple, .bold)
    case .dangerFocused: Look(.black, on: .orange, .bold)
    default: nil
    }
  }

  private static func mono(_ role: Role) -> Look {
    switch role {
    case .columnTitle, .selection, .buttonFocused, .fieldFocused, .choiceFocused, .keyName: Look(.own, .reverse)
    case .sortTitle, .dangerFocused: Look(.own, [.reverse, .bold])
    case .selectionLost, .field: Look(.own, .underline)
    case .strong, .key, .running, .folded, .tagged, .dialogTitle, .button, .warning, .good, .meterFull, .zombie,
      .diskSleep, .stopped:
      Look(.own, .bold)
    case .frozen, .error: Look(.own, [.bold, .underline])
    case .dim, .dialogDim, .buttonDisabled, .idle, .kernelThread: Look(.own, .dim)
    default: Look()
    }
  }
}
