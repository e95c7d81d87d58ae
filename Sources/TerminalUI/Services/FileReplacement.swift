/// Replaces small text files at once.

internal import CLinux
internal import Glibc
internal import SystemCalls

/// Writes a new file and puts it in the place of the old one: whoever reads sees either of them, also after a crash.
func replaceFile(_ path: String, with text: String, mode: mode_t) throws(Errno) {
  let temporary = "\(path).new-\(getpid())"
  let file = try OwnedDescriptor.open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: mode)
  do throws(Errno) {
    let bytes = Array(text.utf8)
    var done = 0
    while done < bytes.count {
      done += try systemCall {
        unsafe bytes.withUnsafeBytes {
          unsafe write(file.number, $0.baseAddress?.advanced(by: done), bytes.count - done)
        }
      }
    }
    _ = try systemCall { fsync(file.number) }
    _ = try systemCall { unsafe rename(temporary, path) }
  } catch {
    unsafe _ = unlink(temporary)
    throw error
  }
}
