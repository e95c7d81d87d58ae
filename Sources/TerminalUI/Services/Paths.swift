/// What a path that the user has typed means.

internal import SystemCalls

/// The whole path, since nobody knows later where crtop was started: from the working directory on, and `~` is the user's
/// home. Here `-` is a file's name, not standard output.
func wholePath(_ typed: String) -> String {
  if typed.isEmpty || typed.hasPrefix("/") { return typed }
  if typed == "~" || typed.hasPrefix("~/"), let home = environment("HOME"), home.hasPrefix("/") {
    return home + typed.dropFirst()
  }
  return (workingDirectory == "/" ? "" : workingDirectory) + "/" + typed
}

/// crtop never leaves it.
private let workingDirectory = (try? readLink("/proc/self/cwd")) ?? "."
