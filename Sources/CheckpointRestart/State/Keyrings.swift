/// Keyrings of a thread (keyrings(7)). A restarted job has those of crtop; one that has keys of its own is refused.

internal import CLinux
internal import ImageSchema
internal import SystemCalls
internal import Tracing

enum Keyrings: ThreadState {
  /// KEYCTL_GET_KEYRING_ID, KEYCTL_READ; the special serials of a thread's and a process's keyring (linux/keyctl.h).
  private static let (getID, read): (UInt64, UInt64) = (0, 11)
  private static let own: [(serial: UInt64, what: StaticString)] = [
    (UInt64(bitPattern: -1), "thread keyring (KEY_SPEC_THREAD_KEYRING)"),
    (UInt64(bitPattern: -2), "process keyring (KEY_SPEC_PROCESS_KEYRING)"),
  ]

  /// Asking for the session keyring would give the task one. So it is looked for by name, among those that its user has:
  /// if it has one of its own, that is there.
  static func save(_ thread: JobThread, of process: JobProcess, _ calls: inout RemoteCalls) -> Completion? {
    guard !process.acceptsKeyringLoss else { return nil }
    let serials = own.map { calls.call(Int(SYS_keyctl), getID, $0.serial, 0, expecting: .anything, naming: $0.what) }
    let user = thread.image.credentials.userIds.last ?? 0
    var names: [Int] = []
    if let candidates = process.keyringNames[user], !candidates.isEmpty {
      let type = calls.place("keyring")
      for name in candidates {
        names.append(
          calls.call(
            Int(SYS_request_key), type, calls.place(name), 0, 0, expecting: .anything,
            naming: "session keyring (request_key)"))
      }
    }
    return { calls throws(Problem) in
      for (index, keyring) in zip(serials, own) where calls.result(index) > 0 {
        throw refusal(thread, "\(keyring.what)", "it has one of its own, which ends with it")
      }
      for index in names where calls.result(index) > 0 && hasKeys(Int(calls.result(index)), of: user) {
        throw refusal(thread, "session keyring", "there are keys in it, and a restarted job has that of crtop")
      }
    }
  }

  private static func refusal(_ thread: JobThread, _ what: String, _ why: String) -> Problem {
    Problem(
      task: thread.traced.name, errno: .notSupported, what: "its \(what)", why: why,
      remedy: "accept the loss of the keys: --accept keyrings")
  }

  /// Once for all tasks of a user.
  static func findNames(for context: CheckpointContext) {
    var found: [UInt32: [String]] = [:]
    for process in context.liveProcesses {
      process.acceptsKeyringLoss = context.acceptedLosses.contains(.keyrings)
      for thread in process.threads {
        guard let user = thread.image.credentials.userIds.last else { continue }
        let names = found[user] ?? names(of: user)
        found[user] = names
        process.keyringNames[user] = names
      }
    }
  }

  /// The names of the keyrings that belong to a user, those of the kernel and of the user itself left out.
  static func names(of user: UInt32) -> [String] {
    withFileSystemUser(user) {
      let lines = ((try? readText("/proc/keys")) ?? "").split(separator: "\n")
      let names = lines.compactMap { line -> String? in
        // Serial, flags, uses, timeout, permissions, user, group, type, description with a colon behind it.
        let words = line.split(separator: " ", maxSplits: 8)
        guard words.count == 9, words[5] == "\(user)", words[7] == "keyring",
          let colon = words[8].lastIndex(of: ":")
        else { return nil }
        let name = String(words[8][..<colon].drop { $0 == " " })
        return name.hasPrefix(".") || name.hasPrefix("_uid") || name == "_tid" || name == "_pid" ? nil : name
      }
      return Set(names).sorted()
    }
  }

  /// Whether a keyring holds more than a link to its user's keyring; one that may not be read counts as full.
  private static func hasKeys(_ serial: Int, of user: UInt32) -> Bool {
    withFileSystemUser(user) {
      var links = [UInt8](repeating: 0, count: 64)
      let length = try? unsafe links.withMutableBytes { bytes throws(Errno) in
        try rawSystemCall(Int(SYS_keyctl), Int(read), serial, Int(bitPattern: bytes.baseAddress), bytes.count)
      }
      guard let length, length <= 4 else { return true }
      guard length == 4 else { return false }
      let link = unsafe links.withUnsafeBytes { unsafe $0.loadUnaligned(as: Int32.self) }
      let hexadecimal = String(UInt32(bitPattern: link), radix: 16)
      let listed = ((try? readText("/proc/keys")) ?? "").split(separator: "\n").first {
        $0.drop { $0 == "0" }.hasPrefix(hexadecimal + " ")
      }
      return listed?.contains(" _uid.\(user):") != true
    }
  }

  /// Keys are shown to their users: this thread looks as one of them, which setfsuid(2) is for.
  private static func withFileSystemUser<Result>(_ user: UInt32, _ body: () -> Result) -> Result {
    let before = (try? rawSystemCall(Int(SYS_setfsuid), Int(user))) ?? 0
    defer { _ = try? rawSystemCall(Int(SYS_setfsuid), before) }
    return body()
  }
}
