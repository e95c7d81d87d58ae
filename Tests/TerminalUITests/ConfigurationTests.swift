import Glibc
import SystemCalls
import Testing
import TerminalUI

@Suite struct ConfigurationTests {
  private func read(_ text: String) -> (Configuration, [TOMLFault]) {
    var faults: [TOMLFault] = []
    let configuration = Configuration(TOMLDocument(text), faults: &faults)
    return (configuration, faults)
  }

  @Test func everySettingIsTaken() {
    let (configuration, faults) = read(
      """
      refresh = 0.5   # twice a second
      theme = "colour-blind"
      columns = [
        "pid", 'cgroup',  # two kinds of quotes
        "ckpt",
      ]
      descending = false
      sort = "cpu"
      tree = false
      threads = true
      kernel-threads = true
      header = false
      mouse = false
      hints = false

      [keys]
      search = ["Ctrl-S", "\\""]
      search-next = ["F12"]
      """)
    #expect(faults.isEmpty)
    #expect(configuration.refreshSeconds == 0.5)
    #expect(configuration.theme == .colourBlind)
    #expect(configuration.columns == [.pid, .cgroup, .ckpt])
    #expect(configuration.order == SortOrder(.processor, descending: false))
    #expect(!configuration.isTree && configuration.showsThreads && configuration.showsKernelThreads)
    #expect(!configuration.showsHeader && !configuration.usesMouse && !configuration.showsHints)
    #expect(configuration.keys == [.search: [.control("s"), .character("\"")], .searchNext: [.function(12)]])
  }

  @Test(arguments: [
    ("\n\ncolour = 1", 3, "no setting 'colour'"), ("refresh = 0", 1, "0.1 to 3600"), ("refresh = \"1\"", 1, "number"),
    ("theme = \"pink\"", 1, "\"light\""), ("columns = [\"pid\", \"pid\"]", 1, "twice"), ("tree = yes", 1, "'yes'"),
    ("tree = true false", 1, "unexpected 'f'"), ("x", 1, "name = value"), ("theme = \"a", 1, "not closed"),
    ("# c\ncolumns = [\"pid\"\n\"ppid\"]", 3, "commas"), ("[keys]\nsearch = [\"1\"]", 2, "digits"),
    ("[keys]\nsearch = [\"F13\"]", 2, "a key is"), ("[keys]\nquit = []", 2, "needs a key"),
    ("[other]\na = 1", 2, "[keys]"),
    ("[keys]\nfly = [\"f\"]", 2, "no action 'fly'"), ("tree = true\ntree = true", 2, "twice"),
    ("[keys]\nsearch = [\"x\"]\nfilter = [\"x\"]", 3, "the key of search"), ("tree = \"\\q\"", 1, "backslash"),
    ("refresh =", 1, "missing"), ("columns = [", 1, "not closed"), ("[keys", 1, "[name]"),
  ])
  func faultsNameTheirLine(text: String, line: Int, what: String) {
    let (configuration, faults) = read(text)
    #expect(faults.count == 1 && faults.first?.line == line, "\(faults)")
    #expect(faults.first?.what.contains(what) == true, "\(faults)")
    #expect(configuration.columns == Column.standard && configuration.isTree)
  }

  @Test func oneFaultDoesNotSpoilTheRest() {
    let (configuration, faults) = read("theme = pink\nrefresh = 3\n")
    #expect(faults.count == 1)
    #expect(configuration.refreshSeconds == 3)
  }

  /// It changes nothing as it is, and is valid with every comment taken away.
  @Test func theCommentedDefaultIsTheDefault() {
    let text = Configuration.commentedDefault
    #expect(read(text).0 == Configuration() && read(text).1.isEmpty)
    let active = text.split(separator: "\n").map { line in
      line.hasPrefix("# ") && (line.contains(" = ") || line == "# [keys]") ? line.dropFirst(2) : line
    }.joined(separator: "\n")
    var (configuration, faults) = read(active)
    #expect(faults.isEmpty, "\(faults)")
    #expect(Keymap(configuration.keys).bindings.map(\.keys) == KeyTable.bindings.map(\.keys))
    configuration.keys = [:]
    #expect(configuration == Configuration())
  }

  @Test func savingTouchesOnlyItsLines() throws {
    var configuration = Configuration()
    configuration.columns = [.pid, .ckpt]
    let before = """
      # mine
      columns = [
        "user" ]  # these
      refresh = 9

      [keys]
      search = ["x"]
      """
    let after = try configuration.writing(["theme", "columns", "tree"], into: before)
    #expect(
      after == """
        # mine
        columns = ["pid", "ckpt"]
        refresh = 9

        theme = "default"
        tree = true
        [keys]
        search = ["x"]

        """)
    #expect(read(after).0.columns == [.pid, .ckpt] && read(after).0.keys[.search] == [.character("x")])
    #expect(throws: TOMLFault.self) { try configuration.writing(["theme"], into: "theme = pink") }
  }

  @Test func theFileIsMadeAndKept() throws {
    let directory = "/tmp/crtop-test-config-\(getpid())"
    let file = ConfigurationFile(path: directory + "/crtop/config.toml")
    defer {
      for path in ["crtop/config.toml", "crtop", ""] { removeAny("\(directory)/\(path)") }
    }
    #expect(file.read().configuration == Configuration() && file.read().problems.isEmpty)
    var wanted = Configuration()
    (wanted.theme, wanted.columns, wanted.isTree) = (.mono, [.tty], false)
    try file.save(Configuration.savedNames, of: wanted)
    #expect(file.read().configuration == wanted)
    #expect(try readText(file.path).contains("# refresh = 1.5"))
    try file.save(["theme"], of: Configuration())
    #expect(file.read().configuration.theme == .standard && file.read().configuration.columns == [.tty])
    // A directory where the file should be.
    let other = ConfigurationFile(path: directory)
    #expect(other.read().problems.count == 1)
    #expect(throws: Problem.self) { try other.save(["theme"], of: wanted) }
  }

  @Test func faultsAreToldAndDoNotStopTheProgram() {
    let screen = Screen()
    screen.app.greet(
      Configuration(),
      [
        Problem(errno: .invalidArgument, what: "/x/config.toml:3", why: "there is no setting 'a'"),
        Problem(errno: .invalidArgument, what: "/x/config.toml:7", why: "tree is true or false"),
      ])
    screen.draw()
    #expect(screen.text.contains("/x/config.toml:3: there is no setting 'a' (E: all 2)"))
    screen.press(.character("E"))
    #expect(screen.text.contains("config.toml:7") && screen.text.contains("config.toml:3"))
  }

  @Test func newcomersGetALineUntilEsc() {
    let screen = Screen()
    screen.app.greet(Configuration(), [])
    screen.draw()
    #expect(screen.text.contains("F1: all keys."))
    screen.clock.advance(1000)
    _ = screen.app.tick()
    #expect(screen.app.notice != nil)
    screen.press(.escape)
    #expect(!screen.text.contains("F1: all keys."))
  }

  @Test func remappedKeysWorkAndAreShown() {
    var configuration = Configuration()
    configuration.keys = [.quit: [.control("x")], .checkpoint: [.character("s")], .filter: []]
    let screen = Screen(configuration: configuration)
    #expect(screen.text.contains("s Checkpoint") && screen.text.contains("Ctrl-X Quit"))
    #expect(!screen.text.contains("Filter"))
    screen.press(.character("q"), .character("\\"), .character("D"))
    #expect(screen.app.exitStatus == nil && screen.app.overlays.isEmpty)
    screen.type("100")
    screen.press(.character("s"))
    #expect(screen.app.overlays.count == 1)
    screen.press(.escape, .character("?"))
    #expect(screen.text.contains("  s "))
    screen.press(.escape, .control("x"))
    #expect(screen.app.exitStatus == 0)
  }

  @Test func labelsNameTheirKeys() {
    for key in KeyTable.bindings.flatMap(\.keys) { #expect(Key(label: key.label) == key) }
    for bad in ["", "F0", "F13", "Ctrl-", "Ctrl-1", "hyper", "\u{1b}", "ab"] { #expect(Key(label: bad) == nil) }
  }
}
