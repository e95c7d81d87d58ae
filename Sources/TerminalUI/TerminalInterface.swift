/// Defines `TerminalInterface`, the way in to the screen.

internal import Glibc
internal import ProcessTree
public import SystemCalls

/// The interactive screen of crtop.
public enum TerminalInterface {
  /// How to start.
  public struct Options: Sendable {
    /// The process to be selected at first.
    public var selectedPid: Int32?
    /// Refuse everything that changes something: checkpoint, restart, freeze, signals, deletion.
    public var isReadOnly: Bool
    public var colours: ColourChoice
    /// For measurements: ends after so many refreshes, which follow each other without a pause.
    package var hurriedRefreshes: Int?

    /// Everything allowed, colours where the terminal has them.
    public init(selectedPid: Int32? = nil, isReadOnly: Bool = false, colours: ColourChoice = .automatic) {
      self.selectedPid = selectedPid
      self.isReadOnly = isReadOnly
      self.colours = colours
    }

    /// For measurements.
    package init(hurryThrough refreshes: Int) {
      self.init(isReadOnly: true)
      hurriedRefreshes = refreshes
    }
  }

  /// Shows the screen until the user quits; call it from the main thread, before other threads are made.
  ///
  /// - Returns: the exit status: 0, or 128 and the number of the signal that ended it.
  /// - Throws: why the screen cannot be shown; the terminal is as it was then.
  public static func run(
    _ options: Options, engine: any EngineClient = LiveEngine(), images: any ImageCatalogue = StoreCatalogue(),
    launcher: (any RestartLauncher)? = nil
  ) throws(Problem) -> Int32 {
    let sampler = try ProcessSampler()
    let signals = try makeSignals()
    let news = try makeNews()
    let file = ConfigurationFile.ofUser
    let (configuration, problems) = file?.read() ?? (Configuration(), [])
    let app = Application(
      services: Services(
        processes: sampler, engine: engine, images: images, signals: PidfdSender(),
        verifications: VerificationFile.ofUser, launcher: launcher, background: ThreadedBackground(queue: news),
        clock: SystemClock(), ownPid: getpid()),
      isReadOnly: options.isReadOnly, configuration: configuration, file: file)
    app.refresh()
    app.greet(configuration, problems)
    if let pid = options.selectedPid, !app.model.select(pid: pid) {
      throw Problem(
        errno: .noSuchProcess, what: "process \(pid) cannot be selected", why: "there is no process with this pid",
        remedy: "list the processes with 'crtop ps'")
    }
    let terminal = try Terminal(
      colours: options.colours, theme: configuration.theme, mouse: configuration.usesMouse)
    var loop = EventLoop(
      app: app, terminal: terminal, news: news, signals: signals, hurriedRefreshes: options.hurriedRefreshes)
    return loop.run()
  }

  /// The default configuration with comments, for `crtop config`.
  public static var commentedConfiguration: String { Configuration.commentedDefault }

  private static func makeSignals() throws(Problem) -> SignalSource {
    do throws(Errno) { return try SignalSource() } catch { throw error.problem("watch for signals") }
  }

  private static func makeNews() throws(Problem) -> NewsQueue {
    do throws(Errno) { return try NewsQueue() } catch { throw error.problem("prepare the event loop") }
  }
}
