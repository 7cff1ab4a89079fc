// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import TestSupport
import Testing

@Suite struct `A tree as source` {
  @Test(arguments: try Fixtures.boards(), [false, true])
  func `is compiled by dtc to the same tree: boards`(board: String, sorted: Bool) throws {
    try compile(contents(of: board), sorted: sorted)
  }

  @Test(arguments: Fixtures.sources, [false, true])
  func `is compiled by dtc to the same tree: our own`(source: String, sorted: Bool) throws {
    try compile(Fixtures.blob(source), sorted: sorted)
  }

  @Test(arguments: Fixtures.machines, [false, true])
  func `is compiled by dtc to the same tree: machines`(machine: String, sorted: Bool) throws {
    try compile(Fixtures.tree(ofMachine: machine), sorted: sorted)
  }

  private func compile(_ blob: [UInt8], sorted: Bool) throws {
    let tree = try DeviceTree(blob: blob)

    let compiled = try DeviceTree(
      blob: Fixtures.compile(tree.sourceText(sorted: sorted), "-b", "\(tree.bootCPU)"))

    let comparison = compiled.compared(with: tree)
    #expect(comparison.differences == [])
    #expect(sorted || comparison.reorderedNodes == [])
    #expect(try Fixtures.sortedSource(compiled.blob) == Fixtures.sortedSource(blob))
  }

  @Test(arguments: Fixtures.sources)
  func `keeps every byte unless it is sorted`(source: String) throws {
    let blob = try Fixtures.blob(source)

    let text = try DeviceTree(blob: blob).sourceText()

    #expect(try Fixtures.compile(text) == blob)
  }

  @Test(arguments: Fixtures.sources)
  func `is sorted as dtc sorts`(source: String) throws {
    let blob = try Fixtures.blob(source)
    let sorted = try run("dtc", ["-q", "-s", "-I", "dtb", "-O", "dtb"], input: blob).output

    let text = try DeviceTree(blob: blob).sourceText(sorted: true)

    let (tree, expected) = (try DeviceTree(compiling: text), try DeviceTree(blob: sorted))
    #expect(tree.root == expected.root)
    #expect(tree.reservations == expected.reservations)
  }

  @Test func `reads like one`() throws {
    let root = Node(
      "", properties: [Property("model", .string("one"))],
      children: [
        Node("z", properties: [Property("b", .cells([1, 255])), Property("a", .empty)]),
        Node("y@0", properties: [Property("c", PropertyValue(bytes: [1, 0xde, 0]))]),
      ])
    let tree = try DeviceTree(
      root: root,
      reservations: [
        AddressAndSize(address: 0x2000, size: 1), AddressAndSize(address: 0x1000, size: 0xff),
      ])

    #expect(
      tree.sourceText() == """
        /dts-v1/;

        /memreserve/\t0x2000 0x1;
        /memreserve/\t0x1000 0xff;
        / {
        \tmodel = "one";

        \tz {
        \t\tb = <0x1 0xff>;
        \t\ta;
        \t};

        \ty@0 {
        \t\tc = [01 de 00];
        \t};
        };

        """)
    #expect(
      tree.sourceText(sorted: true) == """
        /dts-v1/;

        /memreserve/\t0x1000 0xff;
        /memreserve/\t0x2000 0x1;
        / {
        \tmodel = "one";

        \ty@0 {
        \t\tc = [01 de 00];
        \t};

        \tz {
        \t\ta;
        \t\tb = <0x1 0xff>;
        \t};
        };

        """)
  }
}
