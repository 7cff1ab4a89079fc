// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@Suite struct `Two trees` {
  @Test(arguments: [
    ("/ { a; };", "/ { a; };"),
    ("/ { a; b = <1>; };", "/ { b = <1>; a; };"),
    ("/memreserve/ 1 2; /memreserve/ 3 4; / { };", "/memreserve/ 3 4; /memreserve/ 1 2; / { };"),
  ])
  func `that mean the same do not differ`(first: String, second: String) throws {
    let result = try diff(first, second)

    expectSilence(result)
  }

  @Test(arguments: [
    ("/ { a; };", "/ { };", "- /: a\n"),
    ("/ { };", "/ { a = <1>; };", "+ /: a <0x1>\n"),
    ("/ { a = <1>; };", "/ { a = \"x\"; };", "/: a: <0x1> -> \"x\"\n"),
    ("/ { a { }; };", "/ { };", "- /a\n"),
    ("/ { };", "/ { a { b { }; }; };", "+ /a\n"),
    ("/ { a { b { c = [01]; }; }; };", "/ { a { b { c = [02]; }; }; };", "/a/b: c: [01] -> [02]\n"),
    ("/memreserve/ 0x1000 0x1000; / { };", "/ { };", "- reservation 0x1000-0x1fff\n"),
    ("/ { };", "/memreserve/ 0x1000 0x1000; / { };", "+ reservation 0x1000-0x1fff\n"),
    (
      "/ { chosen { kaslr-seed = <1 2>; }; };", "/ { chosen { kaslr-seed = <3 4>; }; };",
      "/chosen: kaslr-seed: (8 secret bytes) -> (8 secret bytes)\n"
    ),
    (
      "/ { chosen { linux,initrd-start = <0 0x1000>; }; };",
      "/ { chosen { linux,initrd-start = <0x1000>; }; };",
      "/chosen: linux,initrd-start: 0x1000 -> 0x1000\n"
    ),
  ])
  func `that differ give lines and 1`(
    first: String, second: String, lines: String
  ) throws {
    let result = try diff(first, second)

    #expect(result.status == 1)
    #expect(result.errors == "")
    #expect(result.text == lines)
  }

  @Test func `differ by the CPU that boots`() throws {
    let place = try Workplace("board")
    try run("dtc", ["-q", "-b", "7", "-O", "dtb", "-o", place / "other.dtb", place.board])

    let result = try dtfix("diff", place.board, place / "other.dtb")

    #expect(result.status == 1)
    #expect(result.text == "boot CPU: 0 -> 7\n")
  }

  @Test(arguments: [[], ["--json"]])
  func `with nodes in another order do not differ, and it is mentioned`(options: [String]) throws {
    let result = try diff("/ { s { a { }; b { }; }; };", "/ { s { b { }; a { }; }; };", options)

    let note = "/s: children in another order"
    #expect(result.status == 0)
    #expect(result.text.contains(options.isEmpty ? note : #""reorderedNodes": ["/s"]"#))
  }

  @Test func `may differ in nothing but seeds`() throws {
    let one = "/ { chosen { kaslr-seed = <1 2>; rng-seed = [01]; }; };"
    let other = "/ { chosen { rng-seed = [02 03]; }; };"

    let compared = try diff(one, other)
    let ignored = try diff(one, other, ["--ignore-seeds"])

    #expect(compared.status == 1)
    #expect(compared.text.split(separator: "\n").count == 2)
    expectSilence(ignored)
  }

  @Test func `differ in what is called like a seed elsewhere`() throws {
    let result = try diff("/ { kaslr-seed = <1>; };", "/ { };", ["--ignore-seeds"])

    #expect(result.status == 1)
  }

  @Test func `differ by the numbers of phandles, unless those are followed`() throws {
    let one = "/ { interrupt-parent = <1>; a { phandle = <1>; }; b { phandle = <2>; }; };"
    let other = "/ { interrupt-parent = <9>; a { phandle = <9>; }; b { phandle = <1>; }; };"

    let compared = try diff(one, other)
    let followed = try diff(one, other, ["--follow-phandles"])

    #expect(compared.status == 1)
    #expect(compared.text.split(separator: "\n").count == 3)
    expectSilence(followed)
  }

  @Test func `differ when phandles lead elsewhere`() throws {
    let result = try diff(
      "/ { interrupt-parent = <1>; a { phandle = <1>; }; b { phandle = <2>; }; };",
      "/ { interrupt-parent = <1>; a { phandle = <2>; }; b { phandle = <1>; }; };",
      ["--follow-phandles"])

    #expect(result.status == 1)
    #expect(result.text.contains("/: interrupt-parent"))
  }

  @Test(arguments: try Fixtures.boards())
  func `are the same when they are one`(board: String) throws {
    expectSilence(try dtfix("diff", board, board))
  }

  @Test func `may come from standard input`() throws {
    let place = try Workplace()

    let same = try run(dtfixPath, ["diff", "-", place.board], input: contents(of: place.board))
    let other = try run(
      dtfixPath, ["diff", place.board, "-"], input: Fixtures.compile("/dts-v1/; / { };"))

    expectSilence(same)
    #expect(other.status == 1)
  }
}

@Suite struct `The difference as JSON` {
  @Test func `lists what the lines say`() throws {
    let place = try Workplace("stale-handover")
    try dtfix("--for-kexec", "-i", place.board, "-o", place / "next.dtb")

    let lines = try dtfix("diff", place.board, place / "next.dtb")
    let result = try dtfix("diff", "--json", place.board, place / "next.dtb")

    let count = lines.text.split(separator: "\n").count
    #expect(result.status == 1)
    #expect(count > 10)
    #expect(try python(#"len(json["differences"])"#, on: result) == "\(count)")
  }

  @Test(arguments: [
    (
      "/ { a = <1>; };", "/ { a = <2>; };",
      "{'what': 'property', 'node': '/', 'property': 'a', 'from': '<0x1>', 'to': '<0x2>'}"
    ),
    (
      "/ { };", "/ { a; };", "{'what': 'property', 'node': '/', 'property': 'a', 'to': ''}"
    ),
    ("/ { a { }; };", "/ { };", "{'what': 'node', 'node': '/a', 'in': 'first'}"),
    (
      "/ { };", "/memreserve/ 1 1; / { };", "{'what': 'reservation', 'to': '0x1-0x1'}"
    ),
  ])
  func `says what differs`(first: String, second: String, object: String) throws {
    let result = try diff(first, second, ["--json"])

    #expect(result.status == 1)
    #expect(try python(#"json["differences"]"#, on: result) == "[\(object)]")
  }

  @Test func `is an empty list for the same tree`() throws {
    let result = try diff("/ { };", "/ { };", ["--json"])

    #expect(result.status == 0)
    #expect(
      try python("json", on: result) == "{'differences': [], 'reorderedNodes': []}")
  }
}

/// Compares two sources.
private func diff(_ first: String, _ second: String, _ options: [String] = []) throws
  -> ToolResult
{
  let place = try Workplace(blob: Fixtures.compile("/dts-v1/; " + first))
  try write(Fixtures.compile("/dts-v1/; " + second), to: place / "second.dtb")
  return try dtfix(["diff", place.board, place / "second.dtb"] + options)
}
