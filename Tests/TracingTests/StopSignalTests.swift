import CLinux
import Testing
import Tracing

/// The signal by which injected code stops must do nothing to a job without a tracer.
@Suite struct StopSignalTests {
  private func choice(pending: [Int32] = [], ignored: [Int32] = [], caught: [Int32] = []) -> Int32? {
    func set(_ signals: [Int32]) -> UInt64 { signals.reduce(0) { $0 | SignalSets.bit($1) } }
    return SignalSets(pending: set(pending), ignored: set(ignored), caught: set(caught)).harmlessSignal
  }

  @Test func signalsIgnoredByDefaultComeFirst() {
    #expect(choice() == SIGURG)
    #expect(choice(caught: [SIGURG]) == SIGWINCH)
    #expect(choice(pending: [SIGURG], caught: [SIGWINCH]) == SIGCHLD)
  }

  @Test func ignoredSignalsAreNext() {
    let caught = [SIGURG, SIGWINCH, SIGCHLD]
    #expect(choice(ignored: [SIGPIPE], caught: caught) == SIGPIPE)
    #expect(choice(pending: [SIGPIPE], ignored: [SIGPIPE, SIGUSR2], caught: caught) == SIGUSR2)
  }

  @Test func noneIsLeft() {
    let caught = [SIGURG, SIGWINCH, SIGCHLD]
    #expect(choice(caught: caught) == nil)
    #expect(choice(ignored: [SIGCONT, SIGTSTP, SIGTTIN, SIGTTOU], caught: caught) == nil)
  }
}

/// How an interrupted system call is taken up again (arch/x86/kernel/signal.c).
@Suite struct RestartedCallTests {
  private func stopped(in call: Int, result: Int64) -> Registers {
    var raw = user_regs_struct()
    raw.orig_rax = UInt64(bitPattern: Int64(call))
    raw.rax = UInt64(bitPattern: result)
    raw.rip = 0x1002
    return Registers(raw: raw)
  }

  @Test(arguments: [Int64(-512), -513, -514]) func callIsMadeAgain(_ result: Int64) {
    let registers = stopped(in: 0, result: result).withCallRestarted
    #expect(registers.result == 0)
    #expect(registers.programCounter == 0x1000)
    #expect(registers.interruptedCall == nil)
  }

  @Test func restartBlockGoesOnByRestartCall() {
    let registers = stopped(in: Int(SYS_nanosleep), result: -516).withCallRestarted
    #expect(registers.result == Int64(SYS_restart_syscall))
    #expect(registers.programCounter == 0x1000)
  }

  @Test func finishedCallAndPlainCodeStayAsTheyAre() {
    #expect(stopped(in: 0, result: 17).withCallRestarted.programCounter == 0x1002)
    #expect(stopped(in: -1, result: -512).withCallRestarted.programCounter == 0x1002)
  }
}
