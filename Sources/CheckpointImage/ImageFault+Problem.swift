/// The words for every `ImageFault`, in one place.

internal import SystemCalls

extension ImageFault {
  /// - Parameter name: the image's path, or what stands for it.
  func problem(_ name: String) -> Problem {
    let (errno, what, why, remedy) = words
    return Problem(errno: errno, what: "\(name) \(what)", why: why, remedy: remedy)
  }

  private typealias Words = (errno: Errno, what: String, why: String, remedy: String)

  private var words: Words {
    switch self {
    case .notOpened(let errno):
      (errno, "cannot be opened", errno.description, errno == .noSuchFileOrDirectory ? "see crtop images" : "")
    case .notRegular(let kind):
      (
        kind == "a directory" ? .isDirectory : .invalidArgument, "is not an image", "it is \(kind)",
        "give the path of a file, or - to read from standard input"
      )
    case .foreignOwner(let user):
      (
        .permissionDenied, "is not trusted",
        "it belongs to user \(user), who could make it do anything in your name",
        "copy it, if you trust its content"
      )
    case .writableByOthers(let mode):
      (
        .permissionDenied, "is not trusted", "its mode is \(String(mode, radix: 8)), so that others can alter it",
        "chmod go-w it, if you trust its content"
      )
    case .empty: (.noData, "is not an image", "it is empty", "take a new checkpoint")
    case .foreign:
      (
        .invalidArgument, "is not an image", "it does not begin as crtop images do",
        "check the path; a compressed or encrypted image must be unpacked first"
      )
    case .newerFormat(let version):
      (
        .notSupported, "is of a newer format",
        "its format version is \(version), this crtop reads version \(FileHead.currentVersion)", "use a newer crtop"
      )
    case .otherMachine(let detail):
      (.notSupported, "is of another kind of machine", detail, "restart it on the kind of machine it was made on")
    case .notRead(let errno, let offset): (errno, "cannot be read", "\(errno.description), at offset \(offset)", "")
    case .noMemory(let bytes):
      (.noMemory, "cannot be read", "there is no memory for \(bytes) bytes of it", "free some memory")
    default: (.badMessage, "is damaged", damage, "use another copy of it, or take a new checkpoint")
    }
  }

  /// Faults of the content, all of which have the same remedy.
  private var damage: String {
    switch self {
    case .fileHeadDamaged: "the checksum of its first \(FileHead.size) bytes is wrong"
    case .truncated(let size, let place, let needed):
      "it ends at offset \(size) in \(place), which goes on to offset \(needed)"
    case .tailDamaged(let offset):
      "its last \(FileTail.size) bytes, at offset \(offset), are not the end of an image: it was cut off or altered"
    case .trailingBytes(let count, let offset): "\(count) bytes follow its end at offset \(offset)"
    case .headDamaged(let place): "the head of \(place) has a wrong checksum"
    case .contentDamaged(let place): "the content of \(place) has a wrong checksum"
    case .brokenChain(let place):
      "\(place) does not follow the section before it: sections were removed, repeated or exchanged"
    case .outOfOrder(let place): "\(place) may not stand there"
    case .tooLong(let place, let length, let limit): "\(place) is \(length) bytes long, the limit is \(limit)"
    case .undecodable(let place, let detail): "\(place) cannot be decoded: \(detail)"
    case .inconsistent(let place, let detail): "\(place): \(detail)"
    default: ""
    }
  }
}
