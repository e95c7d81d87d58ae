/// Writes points in time as ISO 8601 has them, in UTC.

internal import Glibc

/// A calendar date and time.
struct UTCTime {
  private let date: [String]
  private let clock: [String]

  /// - Parameter seconds: since 1970.
  init(_ seconds: Int) {
    var time = time_t(seconds)
    var parts = unsafe tm()
    unsafe _ = gmtime_r(&time, &parts)
    date = unsafe [Self.pad(parts.tm_year + 1900, 4), Self.pad(parts.tm_mon + 1), Self.pad(parts.tm_mday)]
    clock = unsafe [Self.pad(parts.tm_hour), Self.pad(parts.tm_min), Self.pad(parts.tm_sec)]
  }

  /// As `20091231T235959Z`.
  var compact: String { "\(date.joined())T\(clock.joined())Z" }

  /// As `2009-12-31T23:59:59Z`.
  var extended: String { "\(date.joined(separator: "-"))T\(clock.joined(separator: ":"))Z" }

  private static func pad(_ value: Int32, _ width: Int = 2) -> String {
    let digits = "\(value)"
    return String(repeating: "0", count: max(width - digits.count, 0)) + digits
  }
}
