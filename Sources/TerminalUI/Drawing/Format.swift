/// Defines how quantities are written: short, with the unit, the same everywhere.

internal import Glibc

package enum Format {
  /// Bytes in at most 5 columns: `0`, `512B`, `1.2K`, `345M`, `1023G`.
  package static func bytes(_ bytes: UInt64) -> String {
    guard bytes >= 1024 else { return bytes == 0 ? "0" : "\(bytes)B" }
    var value = Double(bytes)
    for unit in ["", "K", "M", "G", "T", "P"] {
      if value < 9.95 { return decimal(value, 1) + unit }
      if value < 1023.5 { return decimal(value, 0) + unit }
      value /= 1024
    }
    return decimal(value, 0) + "E"
  }

  /// A fixed number of decimals, 0 to 3.
  package static func decimal(_ value: Double, _ decimals: Int) -> String {
    guard value.isFinite, abs(value) < 1e15 else { return "-" }
    let scale = [1.0, 10, 100, 1000][min(max(decimals, 0), 3)]
    let scaled = Int64((abs(value) * scale).rounded())
    let (whole, part) = scaled.quotientAndRemainder(dividingBy: Int64(scale))
    let sign = value < 0 && scaled > 0 ? "-" : ""
    guard decimals > 0 else { return "\(sign)\(whole)" }
    return "\(sign)\(whole).\(padded(Int(part), min(decimals, 3)))"
  }

  /// Zeros before a number.
  package static func padded(_ number: Int, _ digits: Int) -> String {
    let text = String(number)
    return String(repeating: "0", count: max(digits - text.count, 0)) + text
  }

  /// Spaces before a text, up to a width.
  package static func right(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(width - text.columns, 0)) + text
  }

  /// Processor time in at most 8 columns: `0:12.34`, `12:34`, `3h12m`, `12d03h`.
  package static func processorTime(ticks: UInt64, perSecond: UInt64) -> String {
    let hundredths = Int(clamping: ticks.multipliedReportingOverflow(by: 100).partialValue / max(perSecond, 1))
    let seconds = hundredths / 100
    switch seconds {
    case ..<600: return "\(seconds / 60):\(padded(seconds % 60, 2)).\(padded(hundredths % 100, 2))"
    case ..<6000: return "\(seconds / 60):\(padded(seconds % 60, 2))"
    case ..<86400: return "\(seconds / 3600)h\(padded(seconds / 60 % 60, 2))m"
    default: return "\(seconds / 86400)d\(padded(seconds / 3600 % 24, 2))h"
    }
  }

  /// A span given in microseconds: `870 us`, `12.3 ms`, `4.2 s`, `3 min 12 s`.
  package static func duration(microseconds: Int64) -> String {
    let value = Double(microseconds)
    switch microseconds {
    case ..<1000: return "\(microseconds) us"
    case ..<10_000: return decimal(value / 1e3, 1) + " ms"
    case ..<1_000_000: return decimal(value / 1e3, 0) + " ms"
    case ..<60_000_000: return decimal(value / 1e6, 1) + " s"
    default: return "\(microseconds / 60_000_000) min \(microseconds / 1_000_000 % 60) s"
    }
  }

  /// A span that is only guessed, in two digits: `60 ms`, `1.2 s`.
  package static func roughly(seconds: Double) -> String {
    guard seconds.isFinite, seconds < 1e6 else { return "-" }
    let microseconds = max(seconds, 0.001) * 1e6
    let unit = pow(10, (log10(microseconds)).rounded(.down) - 1)
    return duration(microseconds: Int64((microseconds / unit).rounded() * unit))
  }

  /// A span given in seconds.
  package static func duration(seconds: Double) -> String { duration(microseconds: Int64(max(seconds, 0) * 1e6)) }

  /// Time since boot: `3d 04:12`, `04:12`.
  package static func uptime(_ seconds: UInt64) -> String {
    let minutes = Int(clamping: seconds / 60)
    let clock = "\(padded(minutes / 60 % 24, 2)):\(padded(minutes % 60, 2))"
    return minutes < 1440 ? clock : "\(minutes / 1440)d \(clock)"
  }

  /// How long ago, in at most 4 columns: `8s`, `12m`, `3h`, `45d`, `2y`.
  package static func age(_ seconds: Int64) -> String {
    switch max(seconds, 0) {
    case 0..<60: "\(max(seconds, 0))s"
    case ..<3600: "\(seconds / 60)m"
    case ..<86400: "\(seconds / 3600)h"
    case ..<63_072_000: "\(seconds / 86400)d"
    default: "\(seconds / 31_536_000)y"
    }
  }

  /// `1 task`, `5 tasks`.
  package static func count(_ number: Int, _ noun: String) -> String {
    "\(number) \(noun)\(number == 1 ? "" : "s")"
  }

  /// Local time of a moment in seconds since 1970: `2026-11-23 15:04:05`.
  package static func date(_ seconds: Int64) -> String {
    guard let parts = LocalTime(seconds) else { return "-" }
    return "\(parts.year)-\(padded(parts.month, 2))-\(padded(parts.day, 2)) \(parts.clock)"
  }

  /// A past moment in 5 columns: `15:04` within a day, `Nov23` within half a year, else `2026`.
  package static func moment(_ seconds: Int64, now: Int64) -> String {
    guard let parts = LocalTime(seconds) else { return "-" }
    let age = now - seconds
    if age < 86400 { return "\(padded(parts.hour, 2)):\(padded(parts.minute, 2))" }
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    return age < 15_552_000 ? "\(months[max(min(parts.month, 12), 1) - 1])\(padded(parts.day, 2))" : String(parts.year)
  }

  /// Local time of day: `15:04:05`.
  package static func timeOfDay(_ seconds: Int64) -> String { LocalTime(seconds)?.clock ?? "-" }
}

/// The numbers of localtime(3).
private struct LocalTime {
  var year, month, day, hour, minute, second: Int

  init?(_ seconds: Int64) {
    var moment = time_t(seconds)
    var parts = unsafe tm()
    guard unsafe localtime_r(&moment, &parts) != nil else { return nil }
    unsafe (year, month, day) = (Int(parts.tm_year) + 1900, Int(parts.tm_mon) + 1, Int(parts.tm_mday))
    unsafe (hour, minute, second) = (Int(parts.tm_hour), Int(parts.tm_min), Int(parts.tm_sec))
  }

  var clock: String { "\(Format.padded(hour, 2)):\(Format.padded(minute, 2)):\(Format.padded(second, 2))" }
}
