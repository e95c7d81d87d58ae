import SystemCalls
import Testing
import TerminalUI

@Suite struct ManualTests {
  /// The sources lie beside this file.
  private func source(_ path: String, file: String = #filePath) throws -> String {
    let root = "/" + file.split(separator: "/").dropLast(3).joined(separator: "/")
    return try readText("\(root)/\(path)")
  }

  @Test func theManPageHasTheKeysOfTheTable() throws {
    let page = try source("Resources/crtop.1")
    #expect(
      page.contains("\n" + TerminalInterface.keysAsManual + ".SH "),
      "the man page is stale: run Resources/generate-man")
  }

  @Test func theTextHasEveryKey() {
    let text = TerminalInterface.keysAsText
    for binding in KeyTable.bindings {
      #expect(text.contains(binding.help))
      for key in binding.keys { #expect(text.contains(key.label)) }
    }
  }
}
