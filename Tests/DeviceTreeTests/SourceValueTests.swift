// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import TestSupport
import Testing

@Suite struct `A value as source` {
  /// Bytes and how they are printed.
  static let printed: [([UInt8], String)] = [
    (Array("text\0".utf8), #""text""#), (Array("one\0two\0".utf8), #""one", "two""#),
    (Array(#"say "hi""#.utf8) + [0], #""say \"hi\"""#),
    (Array(#"C:\dir\"#.utf8) + [0], #""C:\\dir\\""#),
    (Array("a\nb\tc\0".utf8), #""a\nb\tc""#), (Array("\\n\0".utf8), #""\\n""#),
    (Array("a, \"b\"; /* c */ <1>\0".utf8), #""a, \"b\"; /* c */ <1>""#),
    ([0, 0, 0, 1], "<0x1>"), ([0, 0, 0, 0], "<0x0>"),
    ([0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0], "<0xffffffff 0x0>"),
    ([1], "[01]"), ([0], "[00]"), ([0xde, 0xad, 0xbe], "[de ad be]"), ([0, 0], "[00 00]"),
    // Text that could be a cell is text; text that does not end, or is empty, is not.
    ([0x41, 0x42, 0x43, 0], #""ABC""#), ([0x41, 0, 0x42, 0], #""A", "B""#),
    ([0x41, 0x42, 0x43, 0x44], "<0x41424344>"), ([0x41, 0x42, 0, 0], "<0x41420000>"),
    ([0, 0x41, 0x42, 0], "<0x414200>"), ([0x41, 0x42], "[41 42]"), ([0x41, 0, 0], "[41 00 00]"),
    ([0x0d, 0], "[0d 00]"), ([0x7f, 0], "[7f 00]"), (Array("ä\0".utf8), "[c3 a4 00]"),
    ([0x1b, 0x5b, 0x41, 0], "<0x1b5b4100>"), (Array(" \0".utf8), #"" ""#),
  ]

  @Test(arguments: printed)
  func `looks like what it probably is`(bytes: [UInt8], text: String) {
    #expect(PropertyValue(bytes: bytes).sourceText == text)
  }

  @Test(arguments: printed)
  func `is compiled by dtc to the same bytes`(bytes: [UInt8], text: String) throws {
    let tree = try DeviceTree(root: "value = \(PropertyValue(bytes: bytes).sourceText);")

    #expect(try tree.property("value", of: "/")?.bytes == bytes)
  }

  @Test(arguments: printed)
  func `is read back to the same bytes`(bytes: [UInt8], text: String) {
    #expect(PropertyValue(sourceText: text)?.bytes == bytes)
  }

  @Test func `is read back whatever the bytes are`() {
    var random = SplitMix64(seed: 1)
    let alphabet = Array("ab\"\\\n\t ,<>[]/".utf8) + [0, 0, 1, 0x0d, 0x7f, 0xc3, 0xff]

    let values = (0..<3000).map { number in
      PropertyValue(
        bytes: (0..<number % 18).map { _ in alphabet.randomElement(using: &random) ?? 0 })
    }

    #expect(values.filter { PropertyValue(sourceText: $0.sourceText) != $0 } == [])
  }

  @Test(
    arguments: [
      ("bare text", .string("bare text")), ("", .empty), ("1", .string("1")),
      ("a\"b", .string("a\"b")), ("a>", .string("a>")), ("<>", .empty), ("[]", .empty),
      ("< 1  0x2,3\t4 >", .cells([1, 2, 3, 4])), ("<4294967295>", .cells([.max])),
      ("<0xFFFFFFFF 0x0000000001>", .cells([.max, 1])),
      ("[DEad be ef]", PropertyValue(bytes: [0xde, 0xad, 0xbe, 0xef])),
      ("[ 01  02 ]", PropertyValue(bytes: [1, 2])), (#""""#, .string("")),
      (#""a" , "b","c""#, .strings(["a", "b", "c"])), (#""a\"\\\n\t""#, .string("a\"\\\n\t")),
      ("\"<1>\"", .string("<1>")), ("\"ä\"", .string("ä")),
    ] as [(String, PropertyValue)])
  func `is read as people write it`(text: String, value: PropertyValue) {
    #expect(PropertyValue(sourceText: text) == value)
  }

  @Test(arguments: [
    "<", "<1", "<1]", "<a>", "<0x>", "<1.5>", "<-1>", "<4294967296>", "<0x100000000>", "<1;2>",
    "<<1>>", "<1> <2>", "[", "[0", "[0]", "[000]", "[0 0]", "[gg]", "[01>", "[01,02]", "[0x01]",
    "\"", "\"a", #""a\""#, #""a"b"#, #""a" "b""#, #""a","#, #""a",b"#, #""\q""#, #""\x41""#,
    "\"a\\",
  ])
  func `is nothing else`(text: String) {
    #expect(PropertyValue(sourceText: text) == nil)
  }
}
