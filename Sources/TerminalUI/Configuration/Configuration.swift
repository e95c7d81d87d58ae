/// Defines `Configuration`, what the user can have otherwise.

/// How the screen looks and behaves at first.
package struct Configuration: Sendable, Hashable {
  /// Seconds between two refreshes, 0.1 to 3600.
  package var refreshSeconds = 1.5
  package var theme = Theme.standard
  package var columns = Column.standard
  package var order = SortOrder(.pid)
  package var isTree = true
  package var showsThreads = false
  package var showsKernelThreads = false
  package var showsHeader = true
  package var usesMouse = true
  /// A line for newcomers at the start.
  package var showsHints = true
  /// Other keys for some actions.
  package var keys: [Action: [Key]] = [:]

  package init() {}
}

extension Action {
  /// Its name in the configuration: `searchNext` is `search-next`.
  package var configurationName: String {
    rawValue.reduce(into: "") { $0 += $1.isUppercase ? "-\($1.lowercased())" : String($1) }
  }
}
