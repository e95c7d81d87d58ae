/// Sends signals and changes priorities.

internal import ProcessTree
internal import SystemCalls

extension Application {
  /// The tagged processes, else the selected one.
  private var targets: [ProcessRecord] {
    let tagged = model.tree.processes.filter { model.tagged.contains($0.identity) }
    return tagged.isEmpty ? [selection()].compactMap { $0 } : tagged
  }

  func chooseSignal() {
    let targets = targets
    if !targets.isEmpty { present(Menus.signals(for: targets)) }
  }

  /// Sends a chosen signal, after a question where it could end the system, this program or its terminal.
  func confirmed(_ signal: SignalNumber, to targets: [ProcessRecord]) {
    if let protected = targets.first(where: isVital), signal.isHarmful {
      present(
        Dialogs.vital(signal.name, to: targets, protected: protected, button: "Send") { app in
          app.send(signal, to: targets)
        })
    } else {
      send(signal, to: targets)
    }
  }

  func send(_ signal: SignalNumber, to targets: [ProcessRecord]) {
    var sent = 0
    for target in targets {
      do throws(Errno) {
        try services.signals.send(signal, to: target.identity)
        sent += 1
      } catch {
        report(error.problem(task: target.name, "\(signal.name) cannot be sent"), during: "signal")
      }
    }
    if sent == targets.count { tell("\(signal.name) sent to \(Self.name(targets))", .good) }
    wantsRefresh = true
  }

  /// - Parameter step: added to the nice value; below 0 means more of the processor.
  func renice(by step: Int) {
    let targets = targets.filter { $0.state != .zombie }
    if let protected = targets.first(where: isVital) {
      let what = step < 0 ? "A lower nice value" : "A higher nice value"
      present(
        Dialogs.vital(what, to: targets, protected: protected, button: "Renice") { app in app.renice(targets, by: step)
        })
    } else if !targets.isEmpty {
      renice(targets, by: step)
    }
  }

  private func renice(_ targets: [ProcessRecord], by step: Int) {
    var values: [Int] = []
    for target in targets {
      do throws(Errno) { values.append(try services.signals.renice(target.identity, by: step)) } catch {
        let needs = "a lower nice value needs CAP_SYS_NICE, and another user's process root"
        report(
          error.problem(task: target.name, "its nice value cannot be changed by \(step)", remedy: needs),
          during: "renice")
      }
    }
    if values.count == targets.count {
      let value = targets.count == 1 ? "\(values[0])" : "changed by \(step)"
      tell("nice value of \(Self.name(targets)): \(value)", .good)
    }
    wantsRefresh = true
  }

  private static func name(_ targets: [ProcessRecord]) -> String {
    targets.count == 1 ? "\(targets[0].comm) (\(targets[0].pid))" : "\(targets.count) processes"
  }
}
