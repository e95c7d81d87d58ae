/// Defines `LossBoxes`, the check boxes by which a dialog lets named losses be accepted.

internal import CheckpointRestart

/// The last controls of a form, in the order in which remedies have offered them. A box that is there stays: what it
/// takes away comes back when it is unset.
final class LossBoxes {
  private var offered: [AcceptedLoss] = []
  /// Index of the first box among the form's controls.
  private let first: Int

  init(behind controls: Int) { first = controls }

  /// Adds a box, not set, for each that has none.
  func offer(_ losses: Set<AcceptedLoss>, in form: Form) {
    for loss in AcceptedLoss.allCases where losses.contains(loss) && !offered.contains(loss) {
      offered.append(loss)
      form.add("Accept: \(loss.inWords)", .toggle(false))
    }
  }

  /// What a verdict adds where the way is free: `, 1 loss accepted`.
  static func note(_ accepted: Int) -> String {
    accepted == 0 ? "" : accepted == 1 ? ", 1 loss accepted" : ", \(accepted) losses accepted"
  }

  /// Those whose boxes are set.
  func accepted(_ form: Form) -> Set<AcceptedLoss> {
    Set(offered.enumerated().filter { form.isOn(first + $0.offset) }.map(\.element))
  }
}
