/// Defines `SocketNames`, which says of a socket what it is connected to, from the tables in /proc/PID/net.

internal import Glibc
internal import SystemCalls

/// Names by inode, of the network namespace that a task is in.
struct SocketNames {
  private var names: [UInt64: String] = [:]

  init(of pid: Int32) {
    for (file, kind) in [("tcp", "TCP"), ("tcp6", "TCP"), ("udp", "UDP"), ("udp6", "UDP")] {
      for line in Self.lines("/proc/\(pid)/net/\(file)") { addInternet(line, kind) }
    }
    for line in Self.lines("/proc/\(pid)/net/unix") { addUnix(line) }
  }

  subscript(inode: UInt64) -> String? { names[inode] }

  /// All lines but the titles.
  private static func lines(_ path: String) -> [Substring] {
    ((try? readText(path)) ?? "").split(separator: "\n").dropFirst().map { $0 }
  }

  /// Number, local and remote address, state, ..., inode as the tenth word (proc_net_tcp in Documentation/networking).
  private mutating func addInternet(_ line: Substring, _ kind: String) {
    let words = line.split(separator: " ")
    guard words.count > 9, let inode = UInt64(words[9]), let local = Self.address(words[1]) else { return }
    let isListening = kind == "TCP" && words[3] == "0A"
    let remote = Self.address(words[2]) ?? "?"
    let isConnected = !remote.hasSuffix(":0")
    names[inode] =
      isListening ? "\(kind) listens on \(local)" : (isConnected ? "\(kind) \(local) to \(remote)" : "\(kind) \(local)")
  }

  /// `0100007F:1538` is 127.0.0.1:5432: 32-bit words of the address as this machine stores them, then the port.
  static func address(_ text: Substring) -> String? {
    let parts = text.split(separator: ":")
    guard parts.count == 2, let port = UInt16(parts[1], radix: 16), parts[0].count % 8 == 0 else { return nil }
    var bytes: [UInt8] = []
    var rest = parts[0]
    while !rest.isEmpty {
      guard let word = UInt32(rest.prefix(8), radix: 16) else { return nil }
      bytes += (0..<4).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) }
      rest = rest.dropFirst(8)
    }
    let isMapped = bytes.count == 16 && bytes[..<10].allSatisfy { $0 == 0 } && bytes[10] == 255 && bytes[11] == 255
    if bytes.count == 4 || isMapped {
      return bytes.suffix(4).map { String($0) }.joined(separator: ".") + ":\(port)"
    }
    guard bytes.count == 16 else { return nil }
    var buffer = [CChar](repeating: 0, count: 64)
    guard unsafe inet_ntop(AF_INET6, bytes, &buffer, 64) != nil else { return nil }
    return "[\(String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))]:\(port)"
  }

  /// Address, references, protocol, flags, type, state, inode, path.
  private mutating func addUnix(_ line: Substring) {
    let words = line.split(separator: " ", maxSplits: 7)
    guard words.count >= 7, let inode = UInt64(words[6]) else { return }
    let isListening = (UInt32(words[3], radix: 16) ?? 0) & 0x10000 != 0
    names[inode] = "local" + (isListening ? " listens" : "") + (words.count > 7 ? " \(words[7])" : "")
  }
}
