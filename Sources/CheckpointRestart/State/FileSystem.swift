/// The file system context: working directory, root directory, umask.

internal import CLinux
internal import Glibc
internal import ImageSchema
internal import SystemCalls
internal import Tracing

enum FileSystem: ProcessState {
  static func inspect(_ process: JobProcess, _ context: CheckpointContext) {
    guard process.image.sharedTables.fileSystem == 0 else { return }
    do throws(Errno) {
      var image = ImageFileSystemContext()
      image.workingDirectory = try readLink("/proc/\(process.driver)/cwd")
      image.root = try readLink("/proc/\(process.driver)/root")
      image.umask = process.status.umask
      image.directory.path = image.workingDirectory
      image.directory.setIdentity(try fileStatus("/proc/\(process.driver)/cwd"))
      process.image.fileSystem = image
      if image.root != "/" {
        context.refuse(
          process.problem(
            .notSupported, "its root directory (\(image.root))", why: "a changed root (chroot(2)) is not supported",
            remedy: "start the program without chroot(2)"))
        return
      }
      let there = try fileStatus("/proc/\(process.driver)/cwd")
      let here = try? fileStatus(image.workingDirectory)
      guard let here, here.st_ino == there.st_ino, here.st_dev == there.st_dev else {
        context.refuse(
          process.problem(
            .noSuchFileOrDirectory, "its working directory (\(image.workingDirectory))",
            why: "it has been deleted or moved", remedy: "create the directory again and let the program enter it"))
        return
      }
    } catch {
      context.refuse(error.problem(task: process.name, "cannot read its working directory"))
    }
  }

  static func restore(
    _ process: RestartingProcess, _ context: RestartContext, _ calls: inout RemoteCalls
  ) throws(Problem) {
    guard process.image.sharedTables.fileSystem == 0 else { return }
    let image = process.image.fileSystem
    guard let directory = context.inherited.directory(image.workingDirectory) else {
      throw Problem(task: process.name, errno: .badFileDescriptor, what: "its working directory", why: "it is not open")
    }
    // In a table that is shared, the owner may have closed what comes from crtop already; crtop itself still has it.
    if process.image.sharedTables.files == 0 {
      calls.call(Int(SYS_fchdir), UInt64(directory), expecting: .value(0), naming: "working directory (fchdir)")
    } else {
      let path = calls.place("/proc/\(getpid())/fd/\(directory)")
      calls.call(Int(SYS_chdir), path, expecting: .value(0), naming: "working directory (chdir)")
    }
    calls.call(Int(SYS_umask), UInt64(image.umask), naming: "umask")
  }
}
