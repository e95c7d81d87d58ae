/// Defines `ImagePath`, the directory and name that an image is to get.

internal import CLinux
internal import Glibc
internal import SystemCalls

/// A path taken apart; links are followed, so that the file is replaced and not the link to it.
struct ImagePath {
  let path: String
  let directory: String
  let base: String

  /// - Parameter followingLink: take the path of what it points at, where it is a link.
  init(_ path: String, followingLink: Bool = true) throws(Problem) {
    let real = followingLink ? try Self.followingLink(path) : path
    let name = real.lastIndex(of: "/").map { real[real.index(after: $0)...] } ?? real[...]
    guard !name.isEmpty, name != ".", name != ".." else {
      throw ImageFault.notRegular(kind: "a directory").problem(path.isEmpty ? "an empty path" : path)
    }
    let directory = real.dropLast(name.count)
    self.path = path
    self.directory = directory.isEmpty ? "." : String(directory)
    base = String(name)
  }

  private static func followingLink(_ path: String) throws(Problem) -> String {
    guard (try? readLink(path)) != nil else { return path }
    guard let resolved = unsafe realpath(path, nil) else { throw writeProblem(currentErrno(), path) }
    defer { unsafe free(resolved) }
    return unsafe String(cString: resolved)
  }

  func openDirectory() throws(Problem) -> OwnedDescriptor {
    do throws(Errno) {
      return try .open(directory, O_RDONLY | O_DIRECTORY)
    } catch {
      throw error.problem("writing \(path)", remedy: error == .noSuchFileOrDirectory ? "make the directory first" : "")
    }
  }

  /// Refuses to replace anything but an image, or an empty file as mktemp(1) makes.
  func checkReplaceable(in directory: Int32) throws(Problem) {
    var status = stat()
    do throws(Errno) {
      _ = try systemCall { unsafe base.withCString { unsafe fstatat(directory, $0, &status, AT_SYMLINK_NOFOLLOW) } }
    } catch {
      if error == .noSuchFileOrDirectory { return }
      throw writeProblem(error, path)
    }
    if let kind = otherKind(status) { throw refusal("it is \(kind)") }
    guard status.st_size > 0 else { return }
    let isImage: Bool
    do throws(Errno) {
      let file = try openAt(directory, base, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
      isImage = try beginsAsImage(file)
    } catch {
      throw refusal("the file that is there cannot be read (\(error.symbol))")
    }
    guard isImage else { throw refusal("the file that is there is not an image") }
  }

  private func refusal(_ why: String) -> Problem {
    Problem(errno: .fileExists, what: "\(path) is not replaced", why: why, remedy: "choose another name")
  }
}

/// Whether an open file begins with an image's magic bytes.
func beginsAsImage(_ file: borrowing OwnedDescriptor) throws(Errno) -> Bool {
  var bytes = [UInt8](repeating: 0, count: FileHead.magic.count)
  let got = try systemCall {
    unsafe bytes.withUnsafeMutableBytes { unsafe pread(file.number, $0.baseAddress, $0.count, 0) }
  }
  return got == bytes.count && bytes == FileHead.magic
}
