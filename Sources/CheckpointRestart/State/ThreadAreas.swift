/// Segments for thread-local storage, which 32-bit programs have instead of a base register (set_thread_area(2)).

internal import CLinux
internal import ImageSchema
internal import SystemCalls
internal import Tracing

enum ThreadAreas: ThreadState {
  static func save(_ thread: JobThread, of process: JobProcess, _ calls: inout RemoteCalls) -> Completion? {
    thread.image.threadAreas = thread.traced.threadAreas().map { area in
      var image = ImageThreadArea()
      (image.entry, image.base, image.limit, image.flags) = (area.entry, area.base, area.limit, area.flags)
      return image
    }
    return nil
  }

  static func restore(
    _ thread: RestartingThread, of process: RestartingProcess, _ calls: inout RemoteCalls
  ) throws(Problem) {
    for area in thread.image.threadAreas {
      do throws(Errno) {
        try thread.traced.setThreadArea(
          ThreadArea(entry: area.entry, base: area.base, limit: area.limit, flags: area.flags))
      } catch { throw error.problem(task: thread.name, "cannot set its thread area \(area.entry)") }
    }
  }
}
