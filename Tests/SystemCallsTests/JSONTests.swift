/// JSON in one line.

import SystemCalls
import Testing

@Suite struct JSONTests {
  @Test func values() {
    let value: JSON = [
      "event": "task", "pid": 1234, "ok": true, "none": .null, "list": [1, "two", []], "nested": ["b": 1, "a": [:]],
    ]
    #expect(
      value.description
        == #"{"event":"task","pid":1234,"ok":true,"none":null,"list":[1,"two",[]],"nested":{"b":1,"a":{}}}"#)
  }

  @Test func integersAreExact() {
    #expect(JSON(UInt64.max).description == "18446744073709551615")
    #expect(JSON(Int64.min).description == "-9223372036854775808")
    #expect(JSON(UInt8(7)) == 7)
  }

  @Test(arguments: [
    ("a\"b\\c", #""a\"b\\c""#), ("\n\r\t", #""\n\r\t""#), ("\u{1b}[31m\u{0}\u{7f}", #""\u001b[31m\u0000\u007f""#),
    ("Größe 😀", "\"Größe 😀\""), ("", "\"\""), ("/", "\"/\""),
  ])
  func strings(_ text: String, _ expected: String) { #expect(JSON(text).description == expected) }

  @Test func bytesThatAreNotUTF8AreRepaired() {
    let text = String(decoding: [0x61, 0xff, 0x62] as [UInt8], as: UTF8.self)
    #expect(JSON(text).description == "\"a\u{fffd}b\"")
  }

  @Test func appending() {
    var value: JSON = ["a": 1]
    value.append("b", JSON(["x", "y"]))
    #expect(value.description == #"{"a":1,"b":["x","y"]}"#)
    var scalar: JSON = 1
    scalar.append("b", 2)
    #expect(scalar == 1)
  }
}
