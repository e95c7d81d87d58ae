import Glibc
import ProcessTree
import SystemCalls
import TestSupport
import Testing
import TerminalUI

/// Every key of the table, pressed in the real program on a real terminal, at every size.
@Suite(.serialized, .timeLimit(.minutes(3)), .enabled(if: Tmux.isAvailable, "needs tmux"))
struct EveryKeyTests {
  /// A job with a second thread and one child, and the screen with the job selected.
  private struct Subject {
    let tmux: Tmux
    let pid: Int32
    let height: Int

    func wait(_ what: String, _ condition: (String) -> Bool) throws { _ = try tmux.waitUntil(what, condition) }

    /// Back to the job, with nothing over the tree.
    func reset() throws {
      try tmux.keys(["Escape", "Escape", ";", "send-keys", "-t", "s", "-l", "\(pid)"])
      try wait("the job") {
        EveryKeyTests.isTree($0) && EveryKeyTests.selected($0) == pid && ($0.contains("├─") || $0.contains("└─"))
      }
    }
  }

  @Test(arguments: [(40, 10), (80, 24), (120, 40), (250, 70)])
  func everyKeyDoesWhatTheTableSays(width: Int, height: Int) throws {
    let tmux = try Tmux(width: width, height: height)
    let program =
      "import subprocess, threading, time; subprocess.Popen(['sleep', '7001']); "
      + "threading.Thread(target=time.sleep, args=(7000,)).start()"
    try tmux.command("clear; set +m; python3 -c \"\(program)\" & echo job=$!=")
    let pid = try tmux.pids(1)[0]
    defer { Self.end(pid) }
    // Where python3 is a script, it has other children before it has this one. On the screen others' look the same.
    try waitUntil("the job's child") { Self.children(pid).map { try? readText("/proc/\($0)/comm") } == ["sleep\n"] }
    let sandbox = try Sandbox()
    _ = try sandbox.imageOfSleep(kill: true)
    try tmux.command(
      "clear; env -u XDG_CONFIG_HOME HOME=/nonexistent CRTOP_IMAGES=\(sandbox["images"]) \(Programs.crtop) \(pid)")
    let subject = Subject(tmux: tmux, pid: pid, height: height)
    try subject.wait("the job with its child") { Self.selected($0) == pid && $0.contains(": 2 tasks") }
    for binding in KeyTable.bindings where binding.action != .quit {
      for key in binding.keys {
        try subject.reset()
        do { try Self.press(key, binding.action, subject) } catch {
          Issue.record("\(key.label) (\(binding.action)) at \(width)x\(height): \(error)")
          return
        }
      }
    }
    try subject.reset()
    try tmux.keys("q")
    _ = try tmux.waitFor("ready>")
  }

  private static func end(_ pid: Int32) {
    for child in children(pid) + [pid] { kill(child, SIGKILL) }
  }

  private static func children(_ pid: Int32) -> [Int32] {
    ((try? readText("/proc/\(pid)/task/\(pid)/children")) ?? "").split(separator: " ").compactMap { Int32($0) }
  }

  /// The tree has the keys, with no dialog over it.
  private static func isTree(_ screen: String) -> Bool {
    screen.split(separator: "\n").last?.contains("Quit") == true && !screen.contains("Search:")
  }

  /// The pid in the line above the function bar.
  private static func selected(_ screen: String) -> Int32? {
    guard let line = screen.split(separator: "\n").dropLast().last, let open = line.firstIndex(of: "(") else {
      return nil
    }
    return Int32(line[line.index(after: open)...].prefix { $0.isNumber })
  }

  /// Presses a key and waits for what it does; toggles are pressed again.
  private static func press(_ key: Key, _ action: Action, _ subject: Subject) throws {
    let tmux = subject.tmux
    let name = name(of: key)
    func press() throws { try tmux.keys(name) }
    func dialog(_ words: String) throws {
      try press()
      try subject.wait(words) { !isTree($0) && $0.contains(words) }
    }
    func toggle(_ words: String) throws {
      try press()
      try subject.wait(words) { $0.contains(words) }
      try press()
      try subject.wait("no \(words)") { !$0.contains(words) }
    }
    switch action {
    case .checkpoint: try dialog("heckpoint")
    case .images: try dialog("mages")
    case .freezeOrThaw: try dialog("Freeze")
    case .details: try dialog("python3")
    case .operations: try dialog("Operations")
    case .errors: try dialog("Errors")
    case .search, .searchNext, .searchPrevious:
      try press()
      try subject.wait("the prompt") { $0.contains("Search:") }
    case .filter:
      try press()
      try subject.wait("the prompt") { $0.contains("Filter:") }
    case .user: try dialog("Processes of")
    case .sort: try dialog("Sort by")
    case .columns: try dialog("Setup")
    case .signal: try dialog("Signal")
    case .help: try dialog("Help")
    case .up, .pageUp, .top, .parent, .pageDown, .bottom:
      try press()
      try subject.wait("another process") { selected($0) != subject.pid && selected($0) != nil }
    case .down:
      try press()
      try subject.wait("the child") { $0.split(separator: "\n").dropLast().last?.hasPrefix("sleep (") == true }
    case .tree:
      try press()
      try subject.wait("a flat list") { !$0.contains("├─") && !$0.contains("└─") }
      try press()
      try subject.wait("a tree") { $0.contains("├─") || $0.contains("└─") }
    case .fold:
      try press()
      try subject.wait("folded") { $0.contains("[+1]") }
      try tmux.keys("+")
    case .unfold:
      try tmux.keys("-l", "-")
      try subject.wait("folded") { $0.contains("[+1]") }
      try press()
      try subject.wait("unfolded") { !$0.contains("[+1]") }
    case .toggleFold: try toggle("[+1]")
    case .foldAll: try toggle("[+")
    case .invert: try toggle("▼")
    case .follow: try toggle("following p")
    case .header:
      // The smallest screen has no header anyway.
      guard subject.height >= 13 else { return }
      try press()
      try subject.wait("no header") { $0.hasPrefix("  PID") || $0.prefix(10).contains("PID") }
      try press()
      try subject.wait("a header") { !$0.prefix(10).contains("PID") }
    case .threads: try toggle("{pyth")  // a deep tree leaves little room for names
    case .kernelThreads:
      try press()
      if (try? readText("/proc/2/comm")) == "kthreadd\n" {
        try tmux.keys("-l", "2")
        try subject.wait("kthreadd") { $0.contains("kthreadd (2)") }
      }
      try press()
    case .pause: try toggle("PAUSED")
    case .refresh:
      try press()
      try subject.wait("the tree") { isTree($0) && selected($0) == subject.pid }
    case .tag:
      try press()
      try subject.wait("a tag") { $0.contains("1 tagged") }
      try tmux.keys("U")
      try subject.wait("no tag") { !$0.contains("tagged") }
    case .tagSubtree:
      try press()
      try subject.wait("two tags") { $0.contains("2 tagged") }
      try tmux.keys("U")
    case .untag, .cancel:
      try tmux.keys("c")
      try subject.wait("two tags") { $0.contains("2 tagged") }
      try press()
      // Esc first takes away what the last jump said.
      if action == .cancel { try press() }
      try subject.wait("no tag") { !$0.contains("tagged") }
    case .lessNice, .nicer:
      let before = try nice(subject.pid)
      try press()
      if action == .nicer && geteuid() != 0 {
        try subject.wait("a refusal") { $0.contains("error") }
      } else {
        try subject.wait("another nice value") { _ in (try? nice(subject.pid)) == before + (action == .nicer ? -1 : 1) }
      }
    case .panelUp, .panelDown:
      // There is no operation: nothing happens.
      try press()
      try subject.wait("the tree") { isTree($0) && selected($0) == subject.pid }
    case .quit: break
    case .restartImage, .inspectImage, .openImage, .tagImage, .untagImages, .compareImages, .verifyImages,
      .deleteImages, .reloadImages:
      try tmux.keys("R")
      try subject.wait("the image") { $0.contains("Images: 1") && $0.contains("sleep 54325") }
      try pressInImages(name, action, subject)
    }
  }

  private static func pressInImages(_ name: [String], _ action: Action, _ subject: Subject) throws {
    func press(_ words: String) throws {
      try subject.tmux.keys(name)
      try subject.wait(words) { $0.contains(words) }
    }
    switch action {
    case .restartImage: try press("─ Restart ─")
    case .inspectImage: try press("Pause")
    case .openImage: try press("Open file:")
    case .tagImage: try press("Images: 1, 1 tagged")
    case .untagImages:
      try subject.tmux.keys("Space")
      try subject.wait("a tag") { $0.contains("1 tagged") }
      try press("Images: 1 ")
    case .compareImages: try press("tag the two images")
    case .verifyImages: try press("verified 20")
    case .deleteImages: try press("Delete image")
    case .reloadImages: try press("Images: 1")
    default: break
    }
  }

  /// Field 19 of stat.
  private static func nice(_ pid: Int32) throws -> Int {
    let fields = try readText("/proc/\(pid)/stat").split(separator: ")").last?.split(separator: " ") ?? []
    return try #require(fields.count > 16 ? Int(fields[16]) : nil)
  }

  /// As tmux calls it.
  private static func name(of key: Key) -> [String] {
    switch key {
    case .character(let character): ["-l", String(character)]
    case .function(let number): ["F\(number)"]
    case .control(let letter): ["C-\(letter)"]
    case .pageUp: ["PPage"]
    case .pageDown: ["NPage"]
    case .escape: ["Escape"]
    case .backspace: ["BSpace"]
    case .delete: ["DC"]
    case .backTab: ["BTab"]
    default: [key.label]
    }
  }
}
