// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@Suite struct `A tree as text` {
  @Test(arguments: try Fixtures.boards())
  func `compiles back to the same board`(board: String) throws {
    let result = try dtfix("show", "--secrets", board)

    #expect(result.status == 0)
    #expect(result.errors == "")
    #expect(
      try Fixtures.sortedSource(Fixtures.compile(result.text))
        == Fixtures.sortedSource(contents(of: board)))
  }

  @Test(arguments: Fixtures.sources, [[], ["--sort"]])
  func `compiles back to the same tree of ours`(source: String, options: [String]) throws {
    let place = try Workplace(source)

    let result = try dtfix(["show", "--secrets", place.board] + options)

    #expect(result.status == 0)
    #expect(
      try Fixtures.sortedSource(Fixtures.compile(result.text))
        == Fixtures.sortedSource(contents(of: place.board)))
  }

  @Test(arguments: machinesWithTrees + ["pseries-6.12", "pseries-7.2-kf"])
  func `is the machine's when none is named`(name: String) throws {
    let machine = try Fixtures.machine(name)

    let result = try dtfix("show", "--root", machine, "--from", "flat")

    #expect(result.status == 0)
    #expect(
      try Fixtures.sortedSource(Fixtures.compile(result.text))
        == Fixtures.sortedSource(contents(of: machine + "/sys/firmware/fdt")))
  }

  @Test func `is standard input's`() throws {
    let place = try Workplace()

    let piped = try run(dtfixPath, ["show", "-"], input: contents(of: place.board))
    let named = try dtfix("show", place.board)

    #expect(piped.status == 0)
    #expect(piped.output == named.output)
  }

  @Test(arguments: Fixtures.sources)
  func `has the order of dtc when sorted`(source: String) throws {
    let place = try Workplace(source)

    let result = try dtfix("show", "--sort", "--secrets", place.board)

    let expected = try Fixtures.sortedSource(contents(of: place.board))
    #expect(names(in: result.text) == names(in: expected))
  }

  @Test func `has the order of the tree otherwise`() throws {
    let place = try Workplace(
      blob: Fixtures.compile(
        "/dts-v1/; /memreserve/ 2 1; /memreserve/ 1 1; / { z; a; y { }; b { }; };"))

    let result = try dtfix("show", place.board)

    #expect(
      names(in: result.text) == [
        "/dts-v1/", "/memreserve/\t0x2 0x1", "/memreserve/\t0x1 0x1", "/ {", "z", "a", "y {", "}",
        "b {", "}", "}",
      ])
  }

  @Test(arguments: [
    (#""a\"b\\c\nd\te""#, #""a\"b\\c\nd\te""#), (#""one", "two""#, #""one", "two""#),
    ("<0 1 0xffffffff>", "<0x0 0x1 0xffffffff>"), ("[01 02 03]", "[01 02 03]"),
    ("[e4 00]", "[e4 00]"), (#""""#, "[00]"), ("[1b 41 00]", "[1b 41 00]"),
  ])
  func `shows a value in the form it seems to have`(source: String, text: String) throws {
    let place = try Workplace(blob: Fixtures.compile("/dts-v1/; / { test = \(source); };"))

    let result = try dtfix("show", place.board)

    #expect(result.text.contains("\ttest = \(text);\n"))
  }

  @Test func `leaves seeds out and says how long they are`() throws {
    let place = try Workplace()
    try dtfix(
      ["--for-kexec", "-i", place.board, "-o", place / "next.dtb"] + GivenSeeds.options)

    let result = try dtfix("show", place / "next.dtb")

    let compiled = try Fixtures.compile(result.text)
    try write(compiled, to: place / "compiled.dtb")
    #expect(result.text.contains("kaslr-seed = [ /* 8 secret bytes */ ];"))
    #expect(try fdtget(place / "compiled.dtb", "/chosen", "rng-seed") == "")
  }
}

/// What stands before the values, line by line: names of properties and nodes, ends of nodes.
private func names(in source: String) -> [Substring] {
  let lines = source.replacing("\t}", with: "}").split(separator: "\n")
  let names = lines.map { (line: Substring) -> Substring in
    let text = line.drop { $0 == "\t" || $0 == " " }
    let isReservation = text.hasPrefix("/memreserve/")
    let name = text.prefix { $0 != ";" && (isReservation || $0 != "=") }
    return isReservation ? withoutZeros(name) : name.last == " " ? name.dropLast() : name
  }
  return names.filter { !$0.isEmpty }
}

/// dtc pads addresses of reservations to 16 digits.
private func withoutZeros(_ line: Substring) -> Substring {
  Substring(line.replacing(#/0x0*([0-9a-f])/#) { "0x" + $0.output.1 })
}
