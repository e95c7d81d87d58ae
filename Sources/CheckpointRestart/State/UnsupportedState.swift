/// State that no other file here saves, found and refused: nothing is dropped in silence.

internal import CLinux
internal import SystemCalls
internal import Tracing

enum UnsupportedState: ProcessState {
  static func inspect(_ process: JobProcess, _ context: CheckpointContext) {
    let status = process.status
    if context.isPreflight && status.tracer != 0 {
      context.refuse(
        process.problem(
          .notPermitted, "the task", why: "process \(status.tracer) traces it (a debugger, strace, another crtop)",
          remedy: "end that program first"))
    }
    let locked = process.contentAreas.filter { $0.has("lo") }
    if !locked.isEmpty && locked.count == process.contentAreas.count {
      context.refuse(
        process.problem(
          .notSupported, "its locked memory", why: "all of it is locked, and mlockall(2) may hold for the future too",
          remedy: "let the program call munlockall(2) before the checkpoint"))
    }
    Zombies.refuseDead(process, context)
  }
}
