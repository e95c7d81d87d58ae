/// The subcommand `checkpoint`.

internal import ArgumentParser
internal import CheckpointImage
internal import CheckpointRestart
internal import Glibc
internal import SystemCalls

struct Checkpoint: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Save a subtree to an image.",
    discussion: """
      The job stands still only while its memory is read, and then runs on. The image gets its name when it is whole, \
      safe on disk and verified; only then is a job killed that is to be killed. On any failure the job runs on and \
      nothing has the image's name.

      EXAMPLES:
        crtop checkpoint 1234
        crtop checkpoint 1234 -o nightly.crtop --compress zstd
        crtop checkpoint 1234 -o - | ssh host 'cat > job.crtop'

      In a script that saves itself:
        crtop checkpoint --self -o job.crtop
        case $? in 0) echo saved;; 3) echo restarted;; *) echo failed;; esac
      """)

  @Argument(help: "The root task of the subtree; with --self the process that runs crtop, if none is given.")
  var pid: Pid?

  @Flag(
    name: .customLong("self"),
    help: "Save the job that runs crtop. Status 0: it goes on; 3: it has been restarted from the image.")
  var isOwnJob = false

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp(
      "Write the image to this file, or to standard output: '-'. (default: the image store)", valueName: "file"))
  var output: String?

  @Flag(help: "Kill the job when the image is safe.")
  var kill = false

  @Flag(help: "Leave the job frozen when the image is safe.")
  var leaveFrozen = false

  @Option(help: ArgumentHelp("Compress memory.", valueName: "method"))
  var compress = Compression.none

  @OptionGroup var accept: AcceptOption
  @OptionGroup var format: FormatOption

  func validate() throws {
    if pid == nil && !isOwnJob { throw ValidationError("Missing expected argument '<pid>', or '--self'.") }
    if kill && leaveFrozen { throw ValidationError("'--kill' and '--leave-frozen' exclude each other.") }
    if output == "-" && format.isJSON {
      throw ValidationError("With '-o -' the image goes to standard output, so '--json' cannot go there.")
    }
    if output == "" { throw ValidationError("The file of '-o' has an empty name.") }
  }

  private var after: AfterCheckpoint { kill ? .kill : leaveFrozen ? .leaveFrozen : .resume }

  private func destination(for task: TaskName) throws(Problem) -> String {
    if let output { return output }
    return try ImageStore.standard().newImagePath(for: task)
  }

  func run() throws {
    let request: CheckpointRequest
    do throws(Problem) {
      let (identity, name) = try (pid ?? Pid(getppid())).resolve()
      request = CheckpointRequest(
        root: identity, destination: try destination(for: name), after: after, compression: compress,
        acceptedLosses: accept.set, isOwnJob: isOwnJob)
    } catch {
      try Outcome.fail("checkpoint", [error], isJSON: format.isJSON)
    }
    var runner = try OperationRunner("checkpoint", isJSON: format.isJSON)
    let summary = try runner.run { Operation.checkpoint(request, onEvent: $0) }
    if !format.isJSON { Output.note(Summary.line(summary, after: after)) }
  }
}
