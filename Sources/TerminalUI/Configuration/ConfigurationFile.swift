/// Defines `ConfigurationFile`, where the configuration is kept.

internal import CLinux
internal import Glibc
package import SystemCalls

/// `$XDG_CONFIG_HOME/crtop/config.toml`, else `~/.config/crtop/config.toml`. Read once, written only when the user asks.
package struct ConfigurationFile: Sendable {
  package let path: String
  /// Larger files are none of ours.
  private static let largest = 1 << 16

  package init(path: String) { self.path = path }

  /// The user's; `nil` where neither variable names a directory.
  package static var ofUser: ConfigurationFile? {
    if let directory = environment("XDG_CONFIG_HOME"), directory.hasPrefix("/") {
      return ConfigurationFile(path: "\(directory)/crtop/config.toml")
    }
    guard let home = environment("HOME"), home.hasPrefix("/") else { return nil }
    return ConfigurationFile(path: "\(home)/.config/crtop/config.toml")
  }

  /// What it says, or the default where there is no file, and what is wrong with it.
  package func read() -> (configuration: Configuration, problems: [Problem]) {
    let text: String?
    do throws(Problem) { text = try readIfThere() } catch { return (Configuration(), [error]) }
    guard let text else { return (Configuration(), []) }
    var faults: [TOMLFault] = []
    let configuration = Configuration(TOMLDocument(text), faults: &faults)
    return (configuration, faults.map(problem))
  }

  /// Writes some settings into it, and makes it where there is none. The rest of the file stays as it is.
  package func save(_ names: [String], of configuration: Configuration) throws(Problem) {
    let before = try readIfThere() ?? Configuration.commentedDefault
    let text: String
    do throws(TOMLFault) { text = try configuration.writing(names, into: before) } catch { throw problem(error) }
    do throws(Errno) { try replace(with: text) } catch {
      throw error.problem("write \(path)", remedy: "see that the directory can be written to")
    }
  }

  private func problem(_ fault: TOMLFault) -> Problem {
    Problem(
      errno: .invalidArgument, what: "\(path):\(fault.line)", why: fault.what,
      remedy: "correct the line; until then the default holds")
  }

  private func readIfThere() throws(Problem) -> String? {
    do throws(Errno) {
      let file = try OwnedDescriptor.open(path, O_RDONLY | O_NONBLOCK)
      var facts = stat()
      _ = try systemCall { unsafe fstat(file.number, &facts) }
      guard facts.st_mode & S_IFMT == S_IFREG, facts.st_size <= Self.largest else { throw Errno.invalidArgument }
      var reader = ProcFileReader()
      return try reader.read(file.number).wholeText
    } catch {
      if error == .noSuchFileOrDirectory { return nil }
      throw error.problem("read \(path)", remedy: "it should be a file of at most 64 KiB that you may read")
    }
  }

  /// A new file takes the old one's place at once. Where the path is a symbolic link, what it names is replaced.
  private func replace(with text: String) throws(Errno) {
    var target = path
    if let real = unsafe realpath(path, nil) {
      target = unsafe String(cString: real)
      unsafe free(real)
    } else {
      try makeDirectories()
    }
    var mode: mode_t = 0o644
    var facts = stat()
    if unsafe stat(target, &facts) == 0 { mode = facts.st_mode & 0o777 }
    try replaceFile(target, with: text, mode: mode)
  }

  private func makeDirectories() throws(Errno) {
    var directory = ""
    for part in path.split(separator: "/").dropLast() {
      directory += "/\(part)"
      do throws(Errno) { _ = try systemCall { unsafe mkdir(directory, 0o755) } } catch {
        if error != .fileExists { throw error }
      }
    }
  }
}
