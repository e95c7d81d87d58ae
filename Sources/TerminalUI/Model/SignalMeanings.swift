/// Says what each signal does where a program does not catch it (signal(7)).

package import ProcessTree

extension SignalNumber {
  /// A few words for the menu; real-time signals have no meaning of their own.
  package var meaning: String {
    switch rawValue {
    case 1: "ends: its terminal is gone; daemons reread their settings"
    case 2: "ends: as Ctrl-C does"
    case 3: "ends with core dump: as Ctrl-\\ does"
    case 4, 7, 8, 11, 31: "ends with core dump: as after a fault of the program"
    case 5, 6: "ends with core dump"
    case 9: "ends at once, cannot be caught"
    case 10, 12: "ends, unless the program uses it for something"
    case 13: "ends: nobody reads what it writes"
    case 14, 26, 27: "ends: a timer has run out"
    case 15: "asks it to end"
    case 16, 30: "ends"
    case 17: "ignored: a child has ended"
    case 18: "lets a stopped process go on"
    case 19: "stops, cannot be caught; SIGCONT lets it go on"
    case 20: "stops: as Ctrl-Z does"
    case 21, 22: "stops: reads or writes the terminal in the background"
    case 23: "ignored: urgent data"
    case 24, 25: "ends with core dump: over a limit"
    case 28: "ignored: the window's size has changed"
    case 29: "ends: input or output is possible"
    default: "ends, unless the program uses it"
    }
  }

  /// Whether it may end or stop a process: all but those that are ignored or let it go on.
  package var isHarmful: Bool { ![17, 18, 23, 28].contains(rawValue) }
}
