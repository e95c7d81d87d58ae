/// Defines `TaskInspector`, which reads what /proc says of one task: it stops nothing and asks nothing of the task.

internal import CLinux
package import ProcessTree
internal import SystemCalls

/// Reads the details of a task; may block, and is called off the event loop.
package protocol TaskInspector: Sendable {
  func sections(of process: ProcessIdentity) -> [DetailSection]
}

/// The real one.
package struct ProcInspector: TaskInspector {
  package init() {}

  package func sections(of process: ProcessIdentity) -> [DetailSection] {
    guard ProcessIdentity(current: process.pid) == process else { return [] }
    let pid = process.pid
    return [
      files(pid), mappings(pid), signals(pid), timers(pid), limits(pid), namespaces(pid),
    ]
  }

  private func section(
    _ title: String, _ fate: String, _ body: () throws(Errno) -> [DetailItem]
  ) -> DetailSection {
    do throws(Errno) { return DetailSection(title: title, fate: fate, items: try body()) } catch {
      return DetailSection(title: title, fate: fate, failure: "\(error) [\(error.symbol)]")
    }
  }

  // MARK: Files and sockets

  private func files(_ pid: Int32) -> DetailSection {
    section(
      "Files",
      "Saved: number, flags, offset, locks, what is in pipes. Outside: the files themselves, which must be there as they "
        + "were at a restart."
    ) { () throws(Errno) in
      let numbers = try directoryEntries("/proc/\(pid)/fd").compactMap { Int32($0) }.sorted()
      var sockets: SocketNames?
      return numbers.compactMap { number in
        guard let link = try? readLink("/proc/\(pid)/fd/\(number)") else { return nil }
        var text = "\(number)  \(link)"
        if link.hasPrefix("socket:[") {
          let names = sockets ?? SocketNames(of: pid)
          sockets = names
          if let inode = UInt64(link.dropFirst("socket:[".count).dropLast()), let name = names[inode] {
            text += "  \(name)"
          }
        } else if let position = position(pid, number), position > 0 {
          text += "  at \(position)"
        }
        return DetailItem(text, name: "descriptor \(number) (")
      }
    }
  }

  private func position(_ pid: Int32, _ number: Int32) -> UInt64? {
    (try? readText("/proc/\(pid)/fdinfo/\(number)"))?.split(separator: "\n").first { $0.hasPrefix("pos:") }
      .flatMap { UInt64($0.dropFirst(4).filter { !$0.isWhitespace }) }
  }

  // MARK: Memory

  private func mappings(_ pid: Int32) -> DetailSection {
    section("Memory", "Saved: every mapping, and what private pages hold. Outside: the files that are mapped.") {
      () throws(Errno) in
      try readText("/proc/\(pid)/maps").split(separator: "\n").map { line in
        // Range, rights, offset, device, inode, name (proc_pid_maps(5)).
        let parts = line.split(separator: " ", maxSplits: 5, omittingEmptySubsequences: true)
        let ends = (parts.first ?? "").split(separator: "-").compactMap { UInt64($0, radix: 16) }
        guard parts.count >= 5, ends.count == 2, ends[0] < ends[1] else { return DetailItem(String(line)) }
        let name = parts.count > 5 ? parts[5].drop { $0 == " " } : "anonymous"
        let range = "\(String(ends[0], radix: 16))-\(String(ends[1], radix: 16))"
        return DetailItem(
          "\(Format.right(Format.bytes(ends[1] - ends[0]), 5)) \(parts[1]) \(range)  \(name)",
          name: "its mapping \(range)")
      }
    }
  }

  // MARK: Signals

  private func signals(_ pid: Int32) -> DetailSection {
    section(
      "Signals", "Saved: actions, masks, pending signals with their data, the alternate stack. Outside: nothing."
    ) { () throws(Errno) in
      let titles = [
        "SigPnd": "pending, this thread", "ShdPnd": "pending, process", "SigBlk": "blocked", "SigIgn": "ignored",
        "SigCgt": "caught",
      ]
      return try readText("/proc/\(pid)/status").split(separator: "\n").compactMap { line in
        let parts = line.split(separator: ":", maxSplits: 1)
        guard parts.count == 2, let title = titles[String(parts[0])],
          let mask = UInt64(parts[1].filter { !$0.isWhitespace }, radix: 16)
        else { return nil }
        let names = (Int32(1)...64).filter { mask & (1 << UInt64($0 - 1)) != 0 }.map { SignalNumber(rawValue: $0).name }
        return DetailItem(
          title + String(repeating: " ", count: 22 - title.count) + (names.isEmpty ? "-" : names.joined(separator: " "))
        )
      }
    }
  }

  // MARK: Timers, limits, namespaces

  private func timers(_ pid: Int32) -> DetailSection {
    section(
      "Timers",
      "Interval timers (alarm(2), setitimer(2)) cannot be seen from outside; they are saved with the time that is left. "
        + "POSIX timers (timer_create(2)) are listed here."
    ) { () throws(Errno) in
      let text = try readText("/proc/\(pid)/timers")
      return text.isEmpty
        ? [DetailItem("no POSIX timers")]
        : text.split(separator: "\n").map { DetailItem(String($0), name: "its POSIX timer") }
    }
  }

  private func limits(_ pid: Int32) -> DetailSection {
    section("Limits", "Saved, and set again at a restart (getrlimit(2)).") { () throws(Errno) in
      try readText("/proc/\(pid)/limits").split(separator: "\n").map { DetailItem(String($0)) }
    }
  }

  private func namespaces(_ pid: Int32) -> DetailSection {
    section("Namespaces", "Outside: a job must be in the namespaces that crtop runs in, and is restarted in those.") {
      () throws(Errno) in
      try directoryEntries("/proc/\(pid)/ns").sorted().map { name in
        let own = try? readLink("/proc/self/ns/\(name)")
        let its = try? readLink("/proc/\(pid)/ns/\(name)")
        let relation = its == nil ? "cannot be read" : (own == its ? "the same as crtop's" : "another than crtop's")
        return DetailItem(
          "\(name)\(String(repeating: " ", count: max(18 - name.count, 1)))\(its ?? "?")  \(relation)",
          name: "its \(name) namespace")
      }
    }
  }
}
