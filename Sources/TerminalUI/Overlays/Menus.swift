/// Defines the menus: sort, user, signal.

internal import ProcessTree

enum Menus {
  static func sort(in app: Application) -> Menu {
    let keys = SortKey.allCases
    return Menu(
      title: "Sort by", entries: keys.map(\.title), current: keys.firstIndex(of: app.model.order.key) ?? 0
    ) { index, app in app.model.order = SortOrder(keys[index]) }
  }

  static func users(in app: Application) -> Menu {
    var names: [UInt32: String] = [:]
    for process in app.model.tree.processes { names[process.userID] = process.userName }
    let users = names.sorted { $0.value < $1.value }
    let current = users.firstIndex { $0.key == app.model.userFilter }.map { $0 + 1 } ?? 0
    return Menu(title: "Processes of", entries: ["all users"] + users.map(\.value), current: current) { index, app in
      app.model.userFilter = index == 0 ? nil : users[index - 1].key
    }
  }

  /// Cancel stands first and has the bar; the usual signals follow, then all by number.
  static func signals(for targets: [ProcessRecord]) -> Menu {
    let usual: [SignalNumber] = [.terminate, .kill, .hangup, .interrupt, .stop, .continue]
    let signals = usual + SignalNumber.standard.filter { !usual.contains($0) }
    let whom = targets.count == 1 ? "\(targets[0].comm) (\(targets[0].pid))" : "\(targets.count) tagged processes"
    return Menu(
      title: "Signal to \(whom)",
      entries: ["Cancel"]
        + signals.map { signal in
          let name = "\(Format.padded(Int(signal.rawValue), 2)) \(signal.name)"
          return name + String(repeating: " ", count: max(13 - name.count, 1)) + signal.meaning
        },
      names: [["0", "cancel"]] + signals.map { ["\($0.rawValue)", String($0.name.dropFirst(3)), $0.name] }
    ) { index, app in
      if index > 0 { app.confirmed(signals[index - 1], to: targets) }
    }
  }
}
