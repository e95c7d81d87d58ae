/// Defines `Problems`: all the reasons why an operation was refused, at least one.

internal import SystemCalls

/// An error made of problems: a preflight reports all of them.
struct Problems: Error {
  let all: [Problem]

  init(_ problem: Problem) { all = [problem] }

  init(_ problems: [Problem]) { all = problems }
}
