/// What the keys of the tree do.

internal import CheckpointRestart
package import ProcessTree
package import SystemCalls

extension Application {
  /// Carries out what a key stands for.
  package func perform(_ action: Action) {
    switch action {
    case .up: model.move(by: -1)
    case .down: model.move(by: 1)
    case .pageUp: model.move(by: -max(layout.tree.height - 1, 1))
    case .pageDown: model.move(by: max(layout.tree.height - 1, 1))
    case .top: model.selectRow(0)
    case .bottom: model.selectRow(model.rows.count - 1)
    case .parent: model.selectParent()
    case .search: present(PromptLine.search(in: self))
    case .searchNext: searchAgain(backwards: false)
    case .searchPrevious: searchAgain(backwards: true)
    case .filter: present(PromptLine.filter(in: self))
    case .user: present(Menus.users(in: self))
    case .sort: present(Menus.sort(in: self))
    case .columns: present(SetupScreen())
    case .signal: chooseSignal()
    case .checkpoint: openCheckpoint()
    case .images: present(ImagesScreen(in: self))
    case .freezeOrThaw: freezeOrThaw()
    case .details: openDetails()
    case .operations: present(OperationsScreen(in: self))
    case .errors: present(Pagers.errors(in: self))
    case .help: present(Pagers.help())
    case .quit: quit()
    case .cancel: cancel()
    case .panelUp: panelTop = max(panelTop - 3, 0)
    case .panelDown: panelTop += 3
    // Not in the tree.
    case .restartImage, .inspectImage, .openImage, .tagImage, .untagImages, .compareImages, .verifyImages,
      .deleteImages, .reloadImages:
      break
    case .nicer: renice(by: -1)
    case .lessNice: renice(by: 1)
    default: arrange(action)
    }
  }

  /// The actions that only change how the tree is shown.
  private func arrange(_ action: Action) {
    switch action {
    case .tree: model.isTree.toggle()
    case .invert: model.order.isDescending.toggle()
    case .header: showsHeader.toggle()
    case .follow: follow()
    case .kernelThreads: model.showsKernelThreads.toggle()
    case .threads:
      showsThreads.toggle()
      wantsRefresh = true
    case .foldAll: model.toggleAllFolds()
    case .fold: fold()
    case .unfold: if let process = selection() { model.setFolded(process.identity, false) }
    case .toggleFold:
      if let process = selection() {
        model.setFolded(process.identity, !model.folded.contains(process.identity))
      }
    case .pause:
      isPaused.toggle()
      if !isPaused { wantsRefresh = true }
    case .refresh: (wantsRefresh, wantsRepaint) = (true, true)
    case .tag:
      if let process = selection() {
        model.toggleTag(process.identity)
        model.move(by: 1)
      }
    case .tagSubtree: if let process = selection() { model.tagSubtree(of: process.identity) }
    case .untag: model.untagAll()
    default: break
    }
  }

  /// The selected process; says so if there is none.
  func selection() -> ProcessRecord? {
    if let process = model.selectedProcess { return process }
    tell("nothing is selected: move to a process first", .warning)
    return nil
  }

  private func follow() {
    guard let process = selection() else { return }
    let follows = model.toggleFollowing()
    tell(follows ? "following \(process.comm) (\(process.pid)): it stays on this line until you move" : "not following")
  }

  /// Sorts by a column; once more: the other way round.
  func sort(by key: SortKey) {
    if model.order.key == key { model.order.isDescending.toggle() } else { model.order = SortOrder(key) }
  }

  /// Folds the selected process; one that is folded already or has no children folds into its parent.
  private func fold() {
    guard let process = selection() else { return }
    if model.folded.contains(process.identity) || model.tree.children(of: process.pid).isEmpty {
      model.selectParent()
    } else {
      model.setFolded(process.identity, true)
    }
  }

  private func searchAgain(backwards: Bool) {
    guard !searchPattern.isEmpty else {
      perform(.search)
      return
    }
    if !model.search(searchPattern, skippingCurrent: true, backwards: backwards) {
      tell("not found: \(searchPattern)", .warning)
    }
  }

  private func openDetails() {
    guard let process = selection() else { return }
    present(Pagers.details(of: process, in: self))
  }

  private func openCheckpoint() {
    let tagged = model.taggedSubtrees
    let jobs = tagged.isEmpty ? [selection()].compactMap { $0 } : tagged
    if let kernel = jobs.first(where: \.isKernelThread) {
      tell("\(kernel.comm) (\(kernel.pid)) is a thread of the kernel and has no state of its own", .warning)
    } else if !jobs.isEmpty {
      present(CheckpointDialog.make(jobs.compactMap { SubtreeSummary(model.tree.subtree(of: $0.identity)) }, in: self))
    }
  }

  private func quit() {
    if let operation = operations.running {
      present(Dialogs.quit(during: operation, waiting: operations.queued.count))
    } else {
      terminate(status: 0)
      if exitStatus == nil { tell("quitting as soon as what is under way has ended") }
    }
  }

  /// Esc: the nearest thing that can be cancelled.
  private func cancel() {
    if operations.running != nil {
      cancelOperation()
    } else if operation != nil {
      operations.dismiss()
    } else if notice != nil {
      notice = nil
    } else if model.isFiltered {
      model.userFilter = nil
      model.filter = ""
    } else if !model.tagged.isEmpty {
      model.untagAll()
    }
  }
}

extension ProcessRecord {
  /// For messages.
  package var name: TaskName { TaskName(pid: pid, comm: comm) }
}
