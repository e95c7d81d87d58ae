/// Defines the names of users and terminals, looked up once each.

internal import Glibc
internal import SystemCalls

/// User names by number.
public struct UserNames {
  private var known: [UInt32: String] = [:]

  /// The name, or the number in digits where the user has none.
  mutating func name(of user: UInt32) -> String {
    if let name = known[user] { return name }
    let name = Self.lookUp(user) ?? String(user)
    known[user] = name
    return name
  }

  /// The same, looked up each time.
  public static func name(of user: UInt32) -> String { lookUp(user) ?? String(user) }

  private static func lookUp(_ user: UInt32) -> String? {
    var buffer = [CChar](repeating: 0, count: 4096)
    return unsafe buffer.withUnsafeMutableBufferPointer { buffer -> String? in
      var entry = unsafe passwd()
      var result: UnsafeMutablePointer<passwd>?
      guard let start = buffer.baseAddress,
        unsafe getpwuid_r(user, &entry, start, buffer.count, &result) == 0,
        let found = unsafe result?.pointee.pw_name
      else { return nil }
      return unsafe String(cString: found)
    }
  }
}

/// Terminal names by device number.
struct TerminalNames {
  private var known: [Int32: String] = [:]

  /// The path below `/dev` of the terminal with this number (field 7 of stat); `nil` for 0, which is none.
  mutating func name(of device: Int32) -> String? {
    guard device != 0 else { return nil }
    if let name = known[device] { return name }
    let name = Self.lookUp(device)
    known[device] = name
    return name
  }

  private static func lookUp(_ device: Int32) -> String {
    // The kernel's own encoding (new_encode_dev): minor in bits 0 to 7 and 20 to 31, major in 8 to 19.
    let bits = UInt32(bitPattern: device)
    let major = (bits >> 8) & 0xfff
    let minor = (bits & 0xff) | ((bits >> 12) & 0xfff00)
    // Unix 98 pseudo-terminals have eight major numbers and no entry in /sys.
    if 136...143 ~= major { return "pts/\((major - 136) * 256 + minor)" }
    guard let link = try? readLink("/sys/dev/char/\(major):\(minor)"), let name = link.split(separator: "/").last else {
      return "\(major):\(minor)"
    }
    return String(name)
  }
}
