/// Defines which processes nobody should stop or kill by a reflex.

package import ProcessTree

extension Application {
  /// Process 1, this crtop and its ancestors: what stops or ends them needs more than a key.
  package func isVital(_ process: ProcessRecord) -> Bool {
    process.pid == 1 || process.pid == services.ownPid
      || model.tree.ancestors(of: services.ownPid).contains { $0.identity == process.identity }
  }

  /// Those of `processes` that are vital, nearest to the root first.
  package func vital(among processes: [ProcessRecord]) -> [ProcessRecord] { processes.filter(isVital) }
}
