/// Defines how short operations report their end: a sentence or JSON, and the exit status.

internal import ArgumentParser
internal import SystemCalls

enum Outcome {
  /// Reports why an operation was refused, and ends with status 1.
  static func fail(_ operation: String, _ problems: [Problem], isJSON: Bool) throws(ExitCode) -> Never {
    for problem in problems {
      if isJSON { try Output.json(.event(problem)) } else { Output.problem(problem) }
    }
    if isJSON { try Output.json(.failed(operation, errors: problems.count)) }
    throw ExitCode.failure
  }
}
