/// Defines `ColumnFacts`, what the columns need to know besides the process itself.

internal import ProcessTree

/// Of one drawing.
package struct ColumnFacts: Sendable {
  /// Digits of the largest pid, and the longest name of a user.
  package var pidWidth: Int
  package var userWidth: Int
  /// Columns that the name of a user may have, as in top(1); on a narrow screen fewer.
  var userLimit = 8
  /// The state is a letter without its word.
  package var isStateShort = false
  /// Seconds since 1970 at which the machine was started, and now.
  var bootTime: Int64 = 0
  var now: Int64 = 0
  let ticksPerSecond = clockTicksPerSecond
  var marks = CheckMarks()

  package init(pidWidth: Int, userWidth: Int) {
    self.pidWidth = pidWidth
    self.userWidth = userWidth
  }

  init(_ app: Application) {
    self.init(pidWidth: app.model.widestPid, userWidth: app.model.widestUser)
    now = app.services.clock.real
    bootTime = now - Int64(clamping: app.machine.uptimeSeconds)
    marks = app.marks
  }
}
