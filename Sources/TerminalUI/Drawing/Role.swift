/// Defines `Role`, what a cell means; the palette turns it into colours or, without colours, into attributes.

package import ProcessTree

/// The meaning of a piece of text on the screen.
package enum Role: Int, Sendable, CaseIterable {
  case normal, strong, dim
  /// Header, column titles, the selected row.
  case caption, columnTitle, sortTitle, selection, selectionLost
  // States of processes.
  case running, sleeping, diskSleep, stopped, traced, zombie, dead, idle, frozen
  // Parts of the tree.
  case treeLine, folded, kernelThread, tagged
  // Function bar.
  case key, keyName
  // Meters and progress bars.
  case meterFull, meterEmpty, meterText
  // Dialogs.
  case dialog, dialogFrame, dialogTitle, dialogDim, field, fieldFocused, choiceFocused, button, buttonFocused
  case buttonDisabled, dangerFocused
  // News.
  case error, warning, good, information

  /// The role that shows a state.
  package init(_ state: ProcessState) {
    switch state {
    case .running: self = .running
    case .sleeping: self = .sleeping
    case .diskSleep: self = .diskSleep
    case .stopped: self = .stopped
    case .traced: self = .traced
    case .zombie: self = .zombie
    case .dead: self = .dead
    case .idle: self = .idle
    case .frozen: self = .frozen
    }
  }
}
