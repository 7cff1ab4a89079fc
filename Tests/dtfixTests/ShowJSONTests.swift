// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

/// Writes the JSON of a tree as device-tree source: an independent reading of what it says.
private let sourceOfJSON = #"""
  import json, sys
  def quoted(text):
    for old, new in (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\t", "\\t")):
      text = text.replace(old, new)
    return '"' + text + '"'
  def value(v):
    if v is True: return ""
    if isinstance(v, dict): return "[" + v["bytes"] + "]"
    if isinstance(v[0], str): return ", ".join(map(quoted, v))
    return "<" + " ".join(map(str, v)) + ">"
  def node(name, n):
    print(name, "{")
    for k, v in n["properties"].items():
      text = value(v)
      print(k + (" = " + text if text else "") + ";")
    for k, v in n["children"].items(): node(k, v)
    print("};")
  tree = json.load(sys.stdin)
  print("/dts-v1/;")
  for r in tree["reservations"]: print("/memreserve/", r["address"], r["size"], ";")
  node("/", tree["root"])
  """#

@Suite struct `A tree as JSON` {
  @Test(arguments: try Fixtures.boards())
  func `says all that the board's tree says`(board: String) throws {
    let result = try dtfix("show", "--json", "--secrets", board)

    let source = try run("python3", ["-c", sourceOfJSON], input: result.output)
    #expect(result.status == 0)
    #expect(source.errors == "")
    #expect(
      try Fixtures.sortedSource(Fixtures.compile(source.text))
        == Fixtures.sortedSource(contents(of: board)))
  }

  @Test(arguments: Fixtures.sources)
  func `says all that a tree of ours says`(source: String) throws {
    let place = try Workplace(source)

    let result = try dtfix("show", "--json", "--secrets", place.board)

    let source = try run("python3", ["-c", sourceOfJSON], input: result.output)
    #expect(
      try Fixtures.sortedSource(Fixtures.compile(source.text))
        == Fixtures.sortedSource(contents(of: place.board)))
  }

  @Test(arguments: [
    (#"json["root"]["children"]["chosen"]["properties"]["bootargs"][0]"#, "a \"b\" c"),
    (#"json["root"]["properties"]["empty"]"#, "True"),
    (#"json["root"]["properties"]["cells"]"#, "[1, 4294967295]"),
    (#"json["root"]["properties"]["odd"]["bytes"]"#, "010203"),
    (#"json["root"]["children"]["chosen"]["properties"]["kaslr-seed"]"#, "None"),
    (#"json["reservations"]"#, "[{'address': '0x10000000000000', 'size': '0x1000'}]"),
    (#"json["bootCPU"]"#, "3"),
  ])
  func `is read by Python`(expression: String, value: String) throws {
    let place = try Workplace(
      blob: Fixtures.compile(
        #"""
        /dts-v1/; /memreserve/ 0x10000000000000 0x1000;
        / { empty; cells = <1 0xffffffff>; odd = [01 02 03];
          chosen { bootargs = "a \"b\" c"; kaslr-seed = <1 2>; };
        };
        """#, "-b", "3"))

    let result = try dtfix("show", "--json", place.board)

    #expect(try python(expression, on: result) == value)
  }

  @Test func `is the machine's when none is named`() throws {
    let result = try dtfix("show", "--json", "--root", capturedMachine)

    #expect(
      try python(#"json["root"]["properties"]["model"][0]"#, on: result) == "linux,dummy-virt")
  }
}
