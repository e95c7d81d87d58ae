/// Defines `ImageDifference`, what has changed between two images.

/// Tasks are told by pid and name: a pid with another name is another task.
package struct ImageDifference: Sendable {
  package struct Change: Sendable, Hashable {
    package var task: ImageTask
    /// What has changed, in words; at least one.
    package var details: [String]
  }

  /// The earlier and the later one.
  package let old: ImageContent
  package let new: ImageContent
  package let added: [ImageTask]
  package let gone: [ImageTask]
  package let changed: [Change]
  package let unchanged: Int
  /// Files in words: changed, used no more, newly used.
  package let files: [String]

  /// Compares; the one that was made first is the old one.
  package init(_ one: ImageContent, _ other: ImageContent) {
    (old, new) = one.time <= other.time ? (one, other) : (other, one)
    let before = Dictionary(old.tasks.map { (Key($0), $0) }) { first, _ in first }
    let after = Set(new.tasks.map(Key.init))
    added = new.tasks.filter { before[Key($0)] == nil }
    gone = old.tasks.filter { !after.contains(Key($0)) }
    let kept = new.tasks.compactMap { task in before[Key(task)].map { ($0, task) } }
    changed = kept.compactMap { old, new in
      let details = Self.details(old, new)
      return details.isEmpty ? nil : Change(task: new, details: details)
    }
    unchanged = kept.count - changed.count
    files = Self.files(old.files, new.files)
  }

  private struct Key: Hashable {
    var pid: Int32
    var comm: String
    init(_ task: ImageTask) { (pid, comm) = (task.pid, task.comm) }
  }

  private static func details(_ old: ImageTask, _ new: ImageTask) -> [String] {
    var details: [String] = []
    func compare<Value: Equatable>(_ what: String, _ a: Value, _ b: Value, _ text: (Value) -> String) {
      if a != b { details.append("\(what): \(text(a)) -> \(text(b))") }
    }
    compare("state", old.state, new.state) { $0 }
    compare("threads", old.threads, new.threads) { String($0) }
    compare("memory", old.memoryBytes, new.memoryBytes, Format.bytes)
    compare("mappings", old.mappings, new.mappings) { String($0) }
    compare("parent", old.ppid, new.ppid) { String($0) }
    compare("program", old.executable, new.executable) { $0 }
    compare("directory", old.directory, new.directory) { $0 }
    for number in Set(old.descriptors.keys).union(new.descriptors.keys).sorted() {
      switch (old.descriptors[number], new.descriptors[number]) {
      case (let a?, let b?): compare("descriptor \(number)", a, b) { $0 }
      case (let a?, nil): details.append("descriptor \(number) closed: \(a)")
      case (nil, let b?): details.append("descriptor \(number) opened: \(b)")
      case (nil, nil): break
      }
    }
    for file in new.mappedFiles where !old.mappedFiles.contains(file) { details.append("mapped: \(file)") }
    for file in old.mappedFiles where !new.mappedFiles.contains(file) { details.append("mapped no more: \(file)") }
    for remark in new.remarks where !old.remarks.contains(remark) { details.append("now: \(remark)") }
    for remark in old.remarks where !new.remarks.contains(remark) { details.append("no more: \(remark)") }
    return details
  }

  private static func files(_ old: [ImageFileReference], _ new: [ImageFileReference]) -> [String] {
    let before = Dictionary(old.map { ($0.path, $0) }) { first, _ in first }
    let after = Set(new.map(\.path))
    let changes = new.compactMap { file -> String? in
      guard let known = before[file.path] else { return "\(file.path): used now, \(Format.bytes(file.bytes))" }
      if known.bytes != file.bytes {
        return
          "\(file.path): \(Format.bytes(known.bytes)) -> \(Format.bytes(file.bytes)) (\(known.bytes) -> \(file.bytes))"
      }
      return known.modified == file.modified ? nil : "\(file.path): written at \(Format.date(file.modified))"
    }
    return changes + old.filter { !after.contains($0.path) }.map { "\($0.path): used no more" }
  }
}
