/// Defines `AreaClassifier`: what kind of area a mapping is, and whether it can be restored.

internal import CLinux
internal import ImageSchema
internal import SystemCalls

/// Looks at one mapping of a process.
struct AreaClassifier {
  let process: JobProcess
  let context: CheckpointContext

  /// VmFlags that say nothing, or what the protection, kind or advice say already; "gu": there may be guard regions.
  private static let neutral: Set<UInt16> = Set(
    ["rd", "wr", "ex", "sh", "mr", "mw", "me", "ms", "ac", "nr", "gd", "lo", "lf", "sd", "gu"].map(MappedArea.flag))
  /// madvise(2) values for VmFlags.
  private static let advice: [(UInt16, Int32)] = [
    (MappedArea.flag("sr"), MADV_SEQUENTIAL), (MappedArea.flag("rr"), MADV_RANDOM),
    (MappedArea.flag("dc"), MADV_DONTFORK), (MappedArea.flag("dd"), MADV_DONTDUMP),
    (MappedArea.flag("hg"), MADV_HUGEPAGE), (MappedArea.flag("nh"), MADV_NOHUGEPAGE),
    (MappedArea.flag("mg"), MADV_MERGEABLE), (MappedArea.flag("wf"), MADV_WIPEONFORK),
  ]

  private static let known = neutral.union(advice.map(\.0))

  /// The area for the image; `nil` when it was refused.
  func classify(_ area: MappedArea) -> ImageArea? {
    var image = ImageArea()
    (image.start, image.end, image.offset) = (area.start, area.end, area.offset)
    image.protection = UInt32(area.protection)
    switch area.name {
    case "[vdso]": image.kind = .vdso
    case "[vsyscall]": image.kind = .vsyscall
    case let name where name.hasPrefix("[vvar"): image.kind = .vvar
    case "", "[heap]", "[stack]":
      image.kind = .anonymous
      image.offset = 0
    default: return classifyFile(area, &image) && addAttributes(area, &image) ? image : nil
    }
    if image.kind == .anonymous && !addAttributes(area, &image) { return nil }
    return image
  }

  private func classifyFile(_ area: MappedArea, _ image: inout ImageArea) -> Bool {
    let closeIt = "let the program unmap it before the checkpoint"
    if area.name.hasPrefix("/dev/zero (deleted)") || area.name.hasPrefix("/memfd:") || area.name.hasPrefix("/SYSV") {
      return refuse(area, why: "shared memory is not supported", remedy: closeIt)
    }
    if area.name.hasPrefix("/[aio]") {
      return refuse(area, why: "asynchronous I/O contexts (io_setup(2)) are not supported", remedy: closeIt)
    }
    if area.name.hasSuffix(" (deleted)") {
      return refuse(
        area, why: "the mapped file has been deleted, so a restart could not map it",
        remedy: "put the original file back")
    }
    guard area.name.hasPrefix("/") else {
      return refuse(area, why: "this kind of mapping is not supported", remedy: closeIt)
    }
    let writable = area.isShared && area.has("mw")
    do throws(Errno) {
      var id = try context.shared.file(area.name, inode: area.inode, writable: writable)
      if id == nil {  // some file systems show another inode in smaps than in stat(2)
        let range = "\(String(area.start, radix: 16))-\(String(area.end, radix: 16))"
        let mapped = try fileStatus("/proc/\(process.driver)/map_files/\(range)")
        id = try context.shared.file(area.name, inode: UInt64(mapped.st_ino), writable: writable)
      }
      guard let id else {
        return refuse(area, why: "the mapped file has been replaced by another", remedy: "put the original file back")
      }
      image.file = id
    } catch {
      return refuse(area, why: "the mapped file cannot be found again: \(error)", remedy: "put the original file back")
    }
    image.kind = area.isShared ? .fileShared : .filePrivate
    image.openedForWriting = area.isShared && area.has("mw")
    return true
  }

  private func addAttributes(_ area: MappedArea, _ image: inout ImageArea) -> Bool {
    if area.has("gd") { image.flags |= UInt32(MAP_GROWSDOWN) }
    if area.has("nr") { image.flags |= UInt32(MAP_NORESERVE) }
    image.wasWritable = area.has("ac") || area.has("nr")
    image.locked = area.has("lo")
    image.lockedOnFault = area.has("lf")
    for (flag, advice) in Self.advice where area.flags.contains(flag) { image.advice.append(UInt32(advice)) }
    if area.protectionKey != 0 {
      return refuse(
        area, why: "protection keys (pkey_mprotect(2)) are not supported", remedy: "let the program unmap it")
    }
    if let flag = area.flags.first(where: { !Self.known.contains($0) }) {
      let letters = String(decoding: [UInt8(flag >> 8), UInt8(flag & 0xff)], as: UTF8.self)
      return refuse(
        area, why: "its property \"\(letters)\" (VmFlags in proc(5)) is not supported",
        remedy: "let the program unmap it before the checkpoint")
    }
    return true
  }

  private func refuse(_ area: MappedArea, why: String, remedy: String) -> Bool {
    let range = "\(String(area.start, radix: 16))-\(String(area.end, radix: 16))"
    context.refuse(
      process.problem(
        .notSupported, "its mapping \(range)\(area.name.isEmpty ? "" : " (\(area.name))")", why: why, remedy: remedy))
    return false
  }
}
