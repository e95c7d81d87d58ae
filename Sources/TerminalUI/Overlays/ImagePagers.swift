/// Defines the screens that show what is in an image, and what differs between two.

internal import CheckpointRestart
internal import SystemCalls

enum ImagePagers {
  /// What has been read so far, shared by the parts of the pager.
  private final class Loading {
    let ticket: Int
    var result: Result<[ImageContent], Problem>?
    init(_ ticket: Int) { self.ticket = ticket }
  }

  private static func load(_ paths: [String], _ app: Application) -> Loading {
    let loading = Loading(app.ticket())
    app.services.background.run { [images = app.services.images, ticket = loading.ticket] in
      .contents(
        ticket: ticket,
        Application.result { () throws(Problem) in
          var contents: [ImageContent] = []
          for path in paths { contents.append(try images.content(path)) }
          return contents
        })
    }
    return loading
  }

  private static func pager(
    _ title: String, _ loading: Loading, _ tabs: [(String, ([ImageContent], Int) -> [StyledLine])]
  ) -> Pager {
    Pager(
      title,
      tabs: tabs.map { title, make in
        PagerTab(title: title) { _, width in
          switch loading.result {
          case nil: [StyledLine("Reading ...", .dialogDim)]
          case .failure(let problem): Pagers.problem(problem, width: width)
          case .success(let contents): make(contents, width)
          }
        }
      },
      onNews: { news, _ in
        if case .contents(loading.ticket, let result) = news { loading.result = result }
      })
  }

  // MARK: One image

  static func inspect(_ image: ImageEntry, in app: Application) -> Pager {
    pager(
      image.name, load([image.path], app),
      [
        ("Tasks", { contents, width in contents.flatMap { tree($0, width) } }),
        ("Task by task", { contents, width in contents.flatMap { $0.tasks.flatMap { describe($0, width) } } }),
        ("Files", { contents, width in contents.flatMap { files($0, width) } }),
      ])
  }

  private static func tree(_ content: ImageContent, _ width: Int) -> [StyledLine] {
    let memory = content.tasks.reduce(UInt64(0)) { $0 &+ $1.memoryBytes }
    let isWide = width >= 60
    var lines: [StyledLine] = []
    for (label, text) in [
      ("Made", "\(Format.date(content.time)) on \(content.origin)"),
      ("Size", "\(Format.bytes(content.bytes)) for \(Format.bytes(memory)) of memory"),
      ("Pause", Format.duration(microseconds: content.pauseMicroseconds)), ("File", content.path),
    ] {
      lines += wrap(label + String(repeating: " ", count: 7 - label.count) + text, width: width, indent: 7).map {
        StyledLine($0, .dialogDim)
      }
    }
    lines += [
      StyledLine("", .dialog),
      StyledLine(isWide ? "    PID  THR MEMORY FILES  TASK" : "    PID MEMORY  TASK", .dialogTitle),
    ]
    var depths: [Int32: Int] = [:]
    for task in content.tasks {
      let depth = depths[task.ppid].map { $0 + 1 } ?? 0
      depths[task.pid] = depth
      let numbers =
        Format.right("\(task.pid)", 7) + (isWide ? Format.right("\(task.threads)", 5) : "")
        + Format.right(Format.bytes(task.memoryBytes), 7)
        + (isWide ? Format.right("\(task.descriptors.count)", 6) : "")
      let state = isOrdinary(task) ? "" : "  \(task.state)"
      let role: Role = task.state.hasPrefix("zombie") ? .zombie : (task.state == "stopped" ? .stopped : .dialog)
      let text = "\(numbers)  \(String(repeating: "  ", count: depth))\(task.comm)\(state)"
      lines += wrap(text, width: width, indent: numbers.count + 4).map { StyledLine($0, role) }
    }
    return lines
  }

  /// Neither stopped nor a zombie. An image does not tell those that run from those that sleep.
  private static func isOrdinary(_ task: ImageTask) -> Bool { task.state == "running" }

  private static func describe(_ task: ImageTask, _ width: Int) -> [StyledLine] {
    let state = isOrdinary(task) ? "" : ": \(task.state)"
    var lines = [StyledLine("\(task.comm) (\(task.pid))\(state)", .dialogTitle)]
    guard !task.state.hasPrefix("zombie") else { return lines + [StyledLine("", .dialog)] }
    var texts = [
      "program    \(task.executable)", "directory  \(task.directory)",
      "memory     \(Format.bytes(task.memoryBytes)) in \(task.mappings) mappings of \(Format.bytes(task.mappedBytes))",
      "threads    \(task.threads)",
    ]
    texts += task.remarks.map { "state      \($0)" }
    texts += task.descriptors.sorted { $0.key < $1.key }.map { "file \(Format.right("\($0.key)", 5)) \($0.value)" }
    texts += task.mappedFiles.map { "mapped     \($0)" }
    for text in texts { lines += wrap("  " + text, width: width, indent: 13).map { StyledLine($0, .dialog) } }
    return lines + [StyledLine("", .dialog)]
  }

  private static func files(_ content: ImageContent, _ width: Int) -> [StyledLine] {
    let head = "These files are not in the image. A restart wants them as they were: size and time of the last change."
    return wrap(head, width: width).map { StyledLine($0, .dialogDim) }
      + content.files.flatMap { file in
        wrap(
          "\(Format.date(file.modified)) \(Format.right(Format.bytes(file.bytes), 5)) \(file.path)", width: width,
          indent: 26
        )
        .map { StyledLine($0, .dialog) }
      }
  }

  // MARK: Two images

  static func compare(_ one: ImageEntry, _ other: ImageEntry, in app: Application) -> Pager {
    pager(
      "What has changed", load([one.path, other.path], app),
      [
        ("Tasks", { contents, width in difference(contents).map { tasks($0, width) } ?? [] }),
        ("Files", { contents, width in difference(contents).map { files($0, width) } ?? [] }),
      ])
  }

  private static func difference(_ contents: [ImageContent]) -> ImageDifference? {
    contents.count == 2 ? ImageDifference(contents[0], contents[1]) : nil
  }

  private static func heads(_ difference: ImageDifference, _ width: Int) -> [StyledLine] {
    [("from", difference.old), ("to  ", difference.new)].flatMap { label, content in
      wrap(
        "\(label) \(Format.date(content.time)) \(Format.right(Format.bytes(content.bytes), 5)) \(withoutDirectory(content.command)), "
          + content.path, width: width, indent: 5
      ).map { StyledLine($0, .dialogDim) }
    } + [StyledLine("", .dialog)]
  }

  private static func tasks(_ difference: ImageDifference, _ width: Int) -> [StyledLine] {
    var lines = heads(difference, width)
    for task in difference.added {
      let state = isOrdinary(task) ? "" : " \(task.state),"
      lines.append(
        StyledLine("+ \(task.comm) (\(task.pid)): new,\(state) \(Format.bytes(task.memoryBytes))", .good))
    }
    for task in difference.gone { lines.append(StyledLine("- \(task.comm) (\(task.pid)): gone", .error)) }
    for change in difference.changed {
      lines.append(StyledLine("~ \(change.task.comm) (\(change.task.pid))", .dialogTitle))
      for detail in change.details {
        lines += wrap("    \(detail)", width: width, indent: 6).map { StyledLine($0, .dialog) }
      }
    }
    lines.append(
      StyledLine("\(Format.count(difference.unchanged, "task")) unchanged but for what memory holds.", .dialogDim))
    return lines
  }

  private static func files(_ difference: ImageDifference, _ width: Int) -> [StyledLine] {
    heads(difference, width)
      + (difference.files.isEmpty ? [StyledLine("The files are the same.", .dialog)] : [])
      + difference.files.flatMap { wrap($0, width: width, indent: 2).map { StyledLine($0, .dialog) } }
  }
}
