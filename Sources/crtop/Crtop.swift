/// Defines the command `crtop` and its list of subcommands.

internal import ArgumentParser
internal import CheckpointRestart
internal import Glibc

@main
struct Crtop: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "crtop",
    abstract: "Show the process tree; checkpoint a job to a file and restart it later.",
    usage: """
      crtop [--readonly] [<pid>]
      crtop <subcommand>
      """,
    discussion: """
      A job is a process with all its descendants, its subtree, named by the pid of its root. A checkpoint saves it to \
      an image; the job runs on, unless you have it killed or left frozen. A restart makes the same processes again \
      from an image, with the same pids. What cannot be saved or restored exactly is refused before anything is \
      touched, with the reason and what to do about it.

      EXAMPLES:
        crtop                               look around; press ? for the keys
        crtop check 1234                    can this job be checkpointed?
        crtop checkpoint 1234               save it to the image store; it runs on
        crtop checkpoint 1234 -o job --kill save it to the file 'job', and end it
        crtop restart job                   run it again, in this terminal
        crtop restart job --detach          run it again, in the background
        crtop checkpoint 1234 -o - --kill | ssh host crtop restart - --detach

      Exit status: 0 done; 1 refused or failed, and nothing was changed; 64 wrong usage. 'crtop restart' in the \
      foreground ends as the job's root task ends.
      """,
    version: "crtop \(CrtopVersion.current)",
    subcommands: [
      Screen.self, Ps.self, Check.self, Freeze.self, Thaw.self, Checkpoint.self, Restart.self, Images.self, Show.self,
      Verify.self, Delete.self, Doctor.self, Config.self, Keys.self,
    ],
    defaultSubcommand: Screen.self)

  /// Like ArgumentParser's own, with the errors of crtop: `crtop: ` before each of them.
  static func main() {
    do {
      var command = try parseAsRoot()
      try command.run()
    } catch {
      let message = fullMessage(for: error)
      let status = exitCode(for: error)
      if status.isSuccess {
        Output.write(message.isEmpty ? "" : message + "\n", to: STDOUT_FILENO)
      } else if !message.isEmpty {
        Output.note(message.hasPrefix("Error: ") ? "crtop: " + message.dropFirst("Error: ".count) : message)
      }
      Glibc.exit(status.rawValue)
    }
  }
}
