// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import Testing

@Suite struct `A number as text` {
  @Test(
    arguments: [
      ("0", 0, 0), ("17", 0x17, 17), ("ff", 0xff, nil), ("ffffffffffffffff", .max, nil),
      ("18446744073709551615", nil, .max), ("18446744073709551616", nil, nil), ("", nil, nil),
      ("+1", nil, nil), ("-1", nil, nil), ("0x1", nil, nil), (" 1", nil, nil), ("１", nil, nil),
    ] as [(String, UInt64?, UInt64?)])
  func `is of digits alone`(text: String, hexadecimal: UInt64?, decimal: UInt64?) {
    #expect(text.hexadecimal == hexadecimal)
    #expect(text.decimal == decimal)
    #expect(("0x" + text).prefixedHexadecimal == hexadecimal)
    #expect(text.prefixedHexadecimal == (text == "0x1" ? 1 : nil))
    #expect(UInt64(address: "0X" + text) == hexadecimal)
    #expect(
      UInt64(size: text + "K") == UInt64(address: text).flatMap { $0 == .max ? nil : $0 << 10 })
  }
}

@Suite struct `The lines of a file of facts` {
  @Test func `are read in their order`() {
    var lines = LineReader("a 1\nb \nb x\n")

    #expect(lines.next("b") { $0 } == nil)
    #expect(lines.next("a") { $0.decimal } == 1)
    #expect(lines.next("b") { $0 } == "")
    #expect(lines.next("b") { $0.decimal } == nil)
    #expect(lines.number == 3 && lines.text(ofLine: 3) == "b x" && !lines.isAtEnd)
    #expect(lines.next("b") { $0 } == "x")
    #expect(lines.isAtEnd && lines.text(ofLine: lines.number) == nil)
  }
}

@Suite struct `Foreign text` {
  @Test func `does not steer a terminal`() {
    let text = "é\u{1b}[1m\u{9b}\n"

    #expect(text.visible() == "é\\u{1b}[1m\\u{9b}\\u{a}")
    #expect(text.visible(limit: 2) { $0.isASCII } == "\\u{e9}\u{1b}")
    #expect(text.utf8.visibleASCII(limit: 6) == "???[1m")
    #expect("a b".utf8.visibleASCII(blanks: false) == "a?b")
  }

  @Test func `ends before its NUL, without blanks`() {
    #expect([UInt8]("a b \n\0c".utf8).textBeforeNUL == "a b")
    #expect([UInt8]("\0".utf8).textBeforeNUL == "")
    #expect([0, 0x9f, 0xa0].hexDigits == "009fa0")
  }
}
