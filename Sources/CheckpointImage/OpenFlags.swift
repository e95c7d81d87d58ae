/// Flags of open(2) that glibc declares for _GNU_SOURCE only, with x86_64's values.

internal import CLinux

extension Int32 {
  /// O_PATH: look at the file, do not open it.
  static var openPath: Int32 { 0o1000_0000 }
  /// O_TMPFILE: a file without a name in the directory.
  static var openTemporary: Int32 { 0o2000_0000 | O_DIRECTORY }
}
