/// Defines `Comm`, the name of a task as the kernel keeps it: up to 15 bytes, mostly UTF-8, but it may be cut in a letter.

internal import FoundationEssentials
internal import ImageSchema
internal import SystemCalls

/// The name of a task.
struct Comm {
  /// What the kernel has, 0 to 15 bytes.
  let bytes: [UInt8]
  /// For people: ill-formed UTF-8 is repaired.
  let text: String
  /// The bytes where the text does not say them; else empty.
  let raw: Data

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
    text = String(decoding: bytes, as: UTF8.self)
    raw = text.utf8.elementsEqual(bytes) ? Data() : Data(bytes)
  }

  /// The content of /proc/PID/comm: the name, which may hold line ends, and one line end.
  init(file: consuming ByteScanner) { self.init(Array(file.wholeBytes.dropLast())) }
}

/// A message of the image that has a task's name.
protocol NamedTask {
  var comm: String { get set }
  /// The name where it is not UTF-8; else empty.
  var rawComm: Data { get set }
}

extension ImageProcess: NamedTask {}
extension ImageThread: NamedTask {}

extension NamedTask {
  /// The name for prctl(2), PR_SET_NAME.
  var commBytes: [UInt8] { rawComm.isEmpty ? Array(comm.utf8) : [UInt8](rawComm) }
  /// Whether it fits TASK_COMM_LEN (include/linux/sched.h), its final zero included.
  var hasValidComm: Bool { commBytes.count <= 15 && !commBytes.contains(0) }

  mutating func setComm(_ name: Comm) { (comm, rawComm) = (name.text, name.raw) }
}
