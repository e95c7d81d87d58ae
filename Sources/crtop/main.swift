internal import Glibc
internal import SystemCalls
internal import TerminalUI

do throws(Problem) {
  let pid = CommandLine.arguments.dropFirst().first.flatMap { Int32($0) }
  exit(try TerminalInterface.run(.init(selectedPid: pid)))
} catch {
  print("crtop: \(error)")
  exit(1)
}
