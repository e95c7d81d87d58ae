/// Defines `Look`, colours and attributes of text, as far as a terminal has them.

internal import CNcurses

/// A colour in terminals of 256 colours, of 16, and of 8; -1 is the terminal's own.
struct Colour: Sendable, Hashable {
  private let rich: Int16
  private let sixteen: Int16
  private let basic: Int16

  private init(_ rich: Int16, _ sixteen: Int16, _ basic: Int16) {
    self.rich = rich
    self.sixteen = sixteen
    self.basic = basic
  }

  /// One of the eight, which users' colour schemes define, is left as it is.
  private init(_ basic: Int16) { self.init(basic, basic, basic) }

  static let own = Colour(-1)
  static let black = Colour(0)
  static let red = Colour(1)
  static let green = Colour(2)
  static let yellow = Colour(3)
  static let blue = Colour(4)
  static let magenta = Colour(5)
  static let cyan = Colour(6)
  static let white = Colour(15, 15, 7)
  static let grey = Colour(244, 8, -1)
  static let darkGreen = Colour(22, 2, 2)
  static let brown = Colour(94, 3, 5)
  static let skyBlue = Colour(74, 12, 6)
  static let orange = Colour(214, 11, 3)
  static let vermillion = Colour(166, 9, 1)
  static let purple = Colour(175, 13, 5)

  /// Its number in a terminal of so many colours.
  func number(of colours: Int32) -> Int16 { colours >= 256 ? rich : (colours >= 16 ? sixteen : basic) }
}

/// Foreground, background and attributes.
struct Look: Sendable, Hashable {
  struct Attributes: OptionSet, Sendable, Hashable {
    var rawValue: Int32
    static let bold = Self(rawValue: Int32(CRTOP_BOLD))
    static let reverse = Self(rawValue: Int32(CRTOP_REVERSE))
    static let underline = Self(rawValue: Int32(CRTOP_UNDERLINE))
    static let dim = Self(rawValue: Int32(CRTOP_DIM))
  }

  var foreground: Colour
  var background: Colour
  var attributes: Attributes

  init(_ foreground: Colour = .own, on background: Colour = .own, _ attributes: Attributes = []) {
    self.foreground = foreground
    self.background = background
    self.attributes = attributes
  }
}
