import Testing
import TerminalUI

@Suite struct DrawingTests {
  @Test func textIsCutWithAnEllipsis() {
    var canvas = Canvas(width: 10, height: 2)
    #expect(canvas.write("hello world", row: 0, column: 2, role: .normal) == 8)
    #expect(canvas.text(row: 0) == "  hello w…")
    canvas.write("abc", row: 1, column: 8, role: .normal)
    #expect(canvas.text(row: 1) == "        a…")
  }

  @Test func nothingIsDrawnOutside() {
    var canvas = Canvas(width: 4, height: 2)
    canvas.write("abc", row: -1, column: 0, role: .normal)
    canvas.write("abc", row: 2, column: 0, role: .normal)
    canvas.write("abc", row: 0, column: 7, role: .normal)
    canvas.fill(Rect(row: -3, column: -3, height: 20, width: 4), "x", role: .dim)
    #expect(canvas.text == "x\nx")
  }

  @Test func wideCharactersTakeTwoCells() {
    var canvas = Canvas(width: 6, height: 1)
    #expect(canvas.write("世界x", row: 0, column: 0, role: .normal) == 5)
    #expect(canvas[0, 1].scalar == nil)
    #expect(canvas[0, 4].scalar == "x")
    // Half a wide character must not stay behind when the text is cut.
    var narrow = Canvas(width: 3, height: 1)
    narrow.write("世界", row: 0, column: 0, role: .normal)
    #expect(narrow.text == "世…")
  }

  @Test func accentsStandOnTheirLetters() {
    var canvas = Canvas(width: 8, height: 1)
    #expect(canvas.write("e\u{301}\u{302}x\u{4e16}\u{301}", row: 0, column: 0, role: .normal) == 4)
    #expect(canvas[0, 0].scalar == "e" && canvas[0, 0].mark == "\u{301}")
    #expect(canvas[0, 1].scalar == "x" && canvas[0, 2].mark == "\u{301}" && canvas[0, 3].scalar == nil)
    #expect(canvas.text.unicodeScalars.elementsEqual("e\u{301}x\u{4e16}\u{301}".unicodeScalars))
    // What is drawn over it takes the accent away.
    canvas.write("a", row: 0, column: 0, role: .normal)
    #expect(canvas[0, 0].mark == nil)
    // Joiners and variation selectors could change the width: they are left out. So is an accent on nothing.
    var other = Canvas(width: 8, height: 1)
    other.write("\u{301}\u{1f469}\u{200d}\u{1f52c}\u{2764}\u{fe0f}", row: 0, column: 0, role: .normal)
    #expect(other.text.unicodeScalars.elementsEqual("\u{1f469}\u{1f52c}\u{2764}".unicodeScalars))
  }

  @Test(arguments: [
    ("a", 1), ("\u{e9}", 1), ("\u{4e16}", 2), ("\u{ff21}", 2), ("\u{1f642}", 2), ("\u{ac00}", 2), ("\u{2500}", 1),
    ("\u{25fd}", 2), ("\u{301}", 0), ("\u{200b}", 0), ("\u{202e}", 0), ("\u{7f}", 0), ("\u{1b}", 0), ("\u{ad}", 0),
    ("\u{20000}", 2), ("\u{e000}", 0), ("\u{2603}", 1),
  ])
  func widthsAreThoseOfTheCLibrary(character: String, columns: Int) {
    #expect(character.unicodeScalars.first?.columns == columns)
  }

  /// Names and command lines come from any process: no escape sequence may reach the terminal.
  @Test(arguments: ["\u{1b}[2J", "a\rb", "\u{7}", "\u{9b}31m", "\u{202e}abc", "\u{7f}", "\0"])
  func controlCharactersAreDefused(text: String) {
    var canvas = Canvas(width: 20, height: 1)
    canvas.write(text, row: 0, column: 0, role: .normal)
    for scalar in canvas.text(row: 0).unicodeScalars { #expect(scalar.columns == 1) }
    #expect(canvas.text(row: 0).contains("?"))
  }

  @Test func asciiTerminalsGetAscii() {
    var canvas = Canvas(width: 20, height: 1, glyphs: .ascii)
    canvas.write("é世 ok", row: 0, column: 0, role: .normal)
    #expect(canvas.text == "?? ok")
    let screen = Screen(glyphs: .ascii)
    screen.press(.character("D"))
    #expect(screen.text.unicodeScalars.allSatisfy { $0.isASCII })
  }

  @Test func wrappingBreaksAtSpacesAndInLongWords() {
    #expect(wrap("one two three", width: 8) == ["one two", "three"])
    #expect(wrap("abcdefghij", width: 4) == ["abcd", "efgh", "ij"])
    #expect(wrap("one two three", width: 8, indent: 2) == ["one two", "  three"])
    #expect(wrap("", width: 8) == [""])
    #expect(wrap("a\nb", width: 8) == ["a", "b"])
  }

  @Test(arguments: [
    (0, "0"), (512, "512B"), (1024, "1.0K"), (10_188, "9.9K"), (10_189, "10K"), (1_048_576, "1.0M"),
    (1_047_552, "1023K"), (1_048_575, "1.0M"), (5 << 30, "5.0G"),
  ])
  func bytes(value: Int, text: String) { #expect(Format.bytes(UInt64(value)) == text) }

  @Test func times() {
    #expect(Format.duration(microseconds: 870) == "870 us")
    #expect(Format.duration(microseconds: 9_999) == "10.0 ms")
    #expect(Format.duration(microseconds: 12_345) == "12 ms")
    #expect(Format.duration(microseconds: 4_200_000) == "4.2 s")
    #expect(Format.duration(microseconds: 192_000_000) == "3 min 12 s")
    #expect(Format.processorTime(ticks: 1234, perSecond: 100) == "0:12.34")
    #expect(Format.processorTime(ticks: 75_400, perSecond: 100) == "12:34")
    #expect(Format.processorTime(ticks: 1_152_000, perSecond: 100) == "3h12m")
    #expect(Format.processorTime(ticks: 104_760_000, perSecond: 100) == "12d03h")
    #expect(Format.decimal(-0.04, 1) == "0.0" && Format.decimal(2.26, 1) == "2.3" && Format.decimal(.nan, 1) == "-")
  }

  @Test func textFieldsEdit() {
    var field = TextField("/images/job.crtop")
    for key in [Key.control("w"), .character("x"), .home, .delete, .right, .end, .backspace, .character("y")] {
      let meant = field.handle(key)
      #expect(meant)
    }
    #expect(field.text == "images/y")
    let meant = field.handle(.function(5))
    #expect(!meant)
  }
}
