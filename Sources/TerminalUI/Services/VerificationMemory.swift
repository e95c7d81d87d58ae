/// Defines `VerificationMemory`, which remembers from one run to the next what images have been verified.

package import CheckpointImage
internal import CLinux
internal import Glibc
internal import SystemCalls

/// Both may block and are called off the event loop. Failures are no news: what is forgotten is verified once more.
package protocol VerificationMemory: Sendable {
  /// Images that were whole and unaltered, and when that was seen, in seconds since 1970.
  func recall() -> [FileIdentity: Int64]
  /// Remembers an image that is whole, or forgets what was said of the image at a path.
  func remember(_ path: String, _ identity: FileIdentity?, at time: Int64)
}

/// A text file in the user's state directory, with a line for each image: device, inode, size, time of modification,
/// time of verification, path.
package struct VerificationFile: VerificationMemory {
  private let parents: [String]
  private let directory: String
  private static let head = "crtop verified images 1"
  private static let largest = 1 << 18

  private struct Entry {
    var identity: FileIdentity
    var time: Int64
    var path: String

    var line: String {
      "\(identity.device) \(identity.inode) \(identity.size) \(identity.modified) \(time) \(path)\n"
    }

    init(_ identity: FileIdentity, _ time: Int64, _ path: String) {
      (self.identity, self.time, self.path) = (identity, time, path)
    }

    init?(_ line: Substring) {
      let words = line.split(separator: " ", maxSplits: 5, omittingEmptySubsequences: false)
      guard words.count == 6, let device = UInt64(words[0]), let inode = UInt64(words[1]), let size = Int64(words[2]),
        let modified = Int64(words[3]), let time = Int64(words[4]), words[5].hasPrefix("/")
      else { return nil }
      identity = FileIdentity(device: device, inode: inode, size: size, modified: modified)
      (self.time, path) = (time, String(words[5]))
    }

    /// The image is still there, as it was.
    var isThere: Bool { (try? FileIdentity(path: path)) == identity }
  }

  /// In `crtop` below the last of these directories, of which those that are missing are made, but for what is above
  /// the first.
  package init(below parents: [String]) {
    self.parents = parents
    directory = (parents.last ?? "") + "/crtop"
  }

  /// `$XDG_STATE_HOME/crtop`, else `~/.local/state/crtop`; `nil` where neither variable names a directory.
  package static var ofUser: VerificationFile? {
    if let state = environment("XDG_STATE_HOME"), state.hasPrefix("/") { return VerificationFile(below: [state]) }
    guard let home = environment("HOME"), home.hasPrefix("/") else { return nil }
    return VerificationFile(below: [home + "/.local", home + "/.local/state"])
  }

  private var path: String { directory + "/verified" }

  package func recall() -> [FileIdentity: Int64] {
    Dictionary(read().map { ($0.identity, $0.time) }) { max($0, $1) }
  }

  package func remember(_ path: String, _ identity: FileIdentity?, at time: Int64) {
    do throws(Errno) {
      if identity == nil && read().isEmpty { return }
      for directory in parents + [directory] { try make(directory) }
      // Two that write at the same time, in this crtop or another, write one after the other.
      let lock = try OwnedDescriptor.open(directory, O_RDONLY | O_DIRECTORY)
      try requireOwn(lock)
      _ = try systemCall { flock(lock.number, LOCK_EX) }
      var entries = read().filter { $0.path != path && $0.isThere }
      if let identity, path.hasPrefix("/"), !path.contains("\n") { entries.append(Entry(identity, time, path)) }
      var text = entries.suffix(1000).map(\.line)
      while text.reduce(0, { $0 + $1.utf8.count }) > Self.largest - 64 { text.removeFirst() }
      try replaceFile(self.path, with: Self.head + "\n" + text.joined(), mode: 0o600)
    } catch {}
  }

  private func make(_ directory: String) throws(Errno) {
    do throws(Errno) { _ = try systemCall { unsafe mkdir(directory, 0o700) } } catch {
      if error != .fileExists { throw error }
    }
  }

  /// As with another user's HOME, under sudo(8): nothing of root's is left there, and nothing there is believed.
  private func requireOwn(_ file: borrowing OwnedDescriptor) throws(Errno) {
    var status = stat()
    let number = file.number
    _ = try systemCall { unsafe fstat(number, &status) }
    guard status.st_uid == geteuid(), status.st_mode & 0o022 == 0 else { throw .notPermitted }
  }

  /// None where there is no file, or another's, or one that is damaged.
  private func read() -> [Entry] {
    do throws(Errno) {
      let file = try OwnedDescriptor.open(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW)
      try requireOwn(file)
      var status = stat()
      _ = try systemCall { unsafe fstat(file.number, &status) }
      guard status.st_mode & S_IFMT == S_IFREG, status.st_size <= Self.largest else { return [] }
      var reader = ProcFileReader()
      let text = try reader.read(file.number).wholeText
      let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
      let entries = lines.dropFirst().dropLast().compactMap { Entry($0) }
      // A file that was cut off has no line end at its end.
      guard lines.first == Self.head[...], lines.last == "", entries.count == lines.count - 2 else { return [] }
      return entries
    } catch { return [] }
  }
}
