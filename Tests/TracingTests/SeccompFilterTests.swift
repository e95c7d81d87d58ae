/// What a filter says of a call, instruction by instruction.

import Testing

@testable import Tracing

/// An instruction of classic BPF.
private func line(_ code: UInt16, _ constant: UInt32, _ ifTrue: UInt8 = 0, _ ifFalse: UInt8 = 0) -> [UInt8] {
  [UInt8(code & 0xff), UInt8(code >> 8), ifTrue, ifFalse] + (0..<4).map { UInt8(constant >> (8 * $0) & 0xff) }
}

private func filter(_ lines: [UInt8]...) -> SeccompFilter { SeccompFilter(flags: 0, program: lines.flatMap(\.self)) }

private let (allow, kill, errno): (UInt32, UInt32, UInt32) = (0x7fff_0000, 0x8000_0000, 0x0005_0001)

@Suite struct SeccompFilterTests {
  @Test func numbersAreCompared() {
    let program = filter(line(0x20, 0), line(0x15, 39, 0, 1), line(0x06, kill), line(0x06, allow))
    #expect(program.action(number: 39, []) == .killProcess)
    #expect(program.action(number: 40, []) == .allow)
  }

  @Test func bothHalvesOfArgumentsAreSeen() {
    let low = filter(line(0x20, 16), line(0x25, 10, 0, 1), line(0x06, errno), line(0x06, allow))
    let high = filter(line(0x20, 20), line(0x35, 2, 0, 1), line(0x06, errno), line(0x06, allow))
    #expect(low.action(number: 1, [11]) == .error)
    #expect(low.action(number: 1, [10]) == .allow)
    #expect(high.action(number: 1, [2 << 32]) == .error)
    #expect(high.action(number: 1, [0xffff_ffff]) == .allow)
  }

  @Test func arithmeticIsDone() {
    // ((a & 7) << 4 | 1) - 1, kept in memory, negated twice, divided by 16, by way of both registers.
    let program = filter(
      line(0x20, 16), line(0x54, 7), line(0x64, 4), line(0x44, 1), line(0x14, 1), line(0x02, 3), line(0x61, 3),
      line(0x87, 0), line(0x84, 0), line(0x84, 0), line(0x34, 16), line(0x07, 0), line(0x00, 5),
      line(0x1d, 0, 0, 1), line(0x06, errno), line(0x06, allow))
    #expect(program.action(number: 1, [0xd]) == .error)
    #expect(program.action(number: 1, [0xc]) == .allow)
  }

  @Test func jumpsSkip() {
    #expect(filter(line(0x05, 1), line(0x06, kill), line(0x06, allow)).action(number: 1, []) == .allow)
    #expect(
      filter(line(0x20, 0), line(0x45, 8, 1, 0), line(0x06, kill), line(0x16, 0)).action(number: 8, []) == .killThread)
  }

  /// Unknown instructions, an end without an answer, and a look at the instruction pointer, which is not known.
  @Test func whatCannotBeToldIsNotGuessed() {
    #expect(filter(line(0x28, 0), line(0x06, allow)).action(number: 1, []) == nil)
    #expect(filter(line(0x00, 0)).action(number: 1, []) == nil)
    #expect(filter(line(0x20, 8), line(0x06, allow)).action(number: 1, []) == nil)
    #expect(filter(line(0x05, 9), line(0x06, allow)).action(number: 1, []) == nil)
    #expect([filter(line(0x06, allow)), filter(line(0x20, 8), line(0x06, allow))].action(number: 1) == nil)
  }

  @Test func theStrictestAnswerCounts() {
    let all = [allow, 0x7ffc_0000, 0x7ff0_0000, 0x7fc0_0000, errno, 0x0003_0000, 0, kill]
    for (index, first) in all.enumerated() {
      for second in all[index...] {
        let (weak, strong) = (filter(line(0x06, first)), filter(line(0x06, second)))
        #expect([weak, strong].action(number: 1) == strong.action(number: 1, []))
        #expect([strong, weak].action(number: 1) == strong.action(number: 1, []))
      }
    }
  }

  @Test func listenersAreFound() {
    #expect(filter(line(0x06, 0x7fc0_0000)).mayNotify)
    #expect(filter(line(0x16, 0)).mayNotify)
    #expect(!filter(line(0x06, allow), line(0x06, kill)).mayNotify)
  }
}
