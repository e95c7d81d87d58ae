/// The engine's short operations, which return at once.

public import SystemCalls

/// Entry points that need no thread of their own.
public enum Engine {
  /// Preflight: looks at the subtree from outside, stops nothing.
  public static func check(_ root: TaskIdentity) throws(Problem) -> CheckReport {
    throw Problem(errno: .noFunction, what: "check", why: "the engine is not there yet")
  }

  /// Freezes the subtree with the cgroup freezer; it stays frozen when crtop ends.
  public static func freeze(_ root: TaskIdentity) throws(Problem) -> OperationSummary {
    throw Problem(errno: .noFunction, what: "freeze", why: "the engine is not there yet")
  }

  /// Lets a frozen subtree run on.
  public static func thaw(_ root: TaskIdentity) throws(Problem) -> OperationSummary {
    throw Problem(errno: .noFunction, what: "thaw", why: "the engine is not there yet")
  }
}
