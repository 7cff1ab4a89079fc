// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import TestSupport
import Testing

@Suite struct `A tree as a value` {
  static let root = Node(
    "",
    properties: [Property("model", .string("one")), Property("#address-cells", .u32(2))],
    children: [
      Node("chosen", properties: [Property("bootargs", .string("quiet"))]),
      Node(
        "soc", properties: [Property("ranges", .empty)],
        children: [Node("serial@1"), Node("serial@2", properties: [Property("reg", .u32(2))])]),
    ])

  @Test func `is what the tree was made of`() throws {
    let reservations = [
      AddressAndSize(address: 1, size: 2), AddressAndSize(address: 1 << 40, size: 1),
    ]

    let tree = try DeviceTree(root: Self.root, reservations: reservations, bootCPU: 3)

    #expect(tree.root == Self.root)
    #expect(tree.reservations == reservations)
    #expect(tree.bootCPU == 3)
    #expect(try DeviceTree(blob: tree.blob).root == Self.root)
  }

  @Test func `is what dtc compiles from the same text`() throws {
    let text = #"""
      /dts-v1/;
      /memreserve/ 1 2;
      / { model = "one"; #address-cells = <2>;
        chosen { bootargs = "quiet"; };
        soc { ranges; serial@1 { }; serial@2 { reg = <2>; }; };
      };
      """#

    let tree = try DeviceTree(
      root: Self.root, reservations: [AddressAndSize(address: 1, size: 2)], bootCPU: 3)

    #expect(tree.blob == (try Fixtures.compile(text, "-b", "3")))
  }

  @Test(arguments: try Fixtures.boards())
  func `makes the same tree again`(board: String) throws {
    let tree = try DeviceTree(blob: contents(of: board))

    let again = try DeviceTree(
      root: tree.root, reservations: tree.reservations, bootCPU: tree.bootCPU)

    #expect(again.root == tree.root)
    #expect(again.reservations == tree.reservations)
    #expect(try Fixtures.sortedSource(again.blob) == Fixtures.sortedSource(tree.blob))
  }

  @Test(arguments: try Fixtures.boards())
  func `says what the paths say`(board: String) throws {
    let tree = try DeviceTree(blob: contents(of: board))

    let root = tree.root

    #expect(root.properties == (try tree.properties(of: "/")))
    #expect(root.children.map(\.name) == (try tree.children(of: "/")))
    for child in root.children where child.name.contains("@") {
      #expect(child.properties == (try tree.properties(of: "/" + child.name)))
    }
  }

  @Test func `finds properties and children by name`() {
    let soc = Self.root.child("soc")

    #expect(Self.root["model"] == .string("one"))
    #expect(Self.root["nothing"] == nil)
    #expect(soc?.child("serial@2")?["reg"] == .u32(2))
    #expect(soc?.child("serial") == nil)
  }

  @Test func `may hold names twice`() throws {
    let node = Node("n", properties: [Property("p", .empty), Property("p", .u32(1))])
    let root = Node("", children: [node, Node("n")])

    let tree = try DeviceTree(root: root)

    #expect(tree.root == root)
  }

  @Test func `may have 63 levels`() throws {
    let root = Self.nested(levels: 63)

    let tree = try DeviceTree(root: root)

    #expect(tree.root == root)
    #expect(try DeviceTree(blob: tree.blob).root == root)
  }

  @Test(arguments: [64, 65, 100])
  func `has no more of them`(levels: Int) {
    let path = String(repeating: "/n", count: 63)

    #expect(throws: DeviceTreeError(.tooDeep, node: path)) {
      try DeviceTree(root: Self.nested(levels: levels))
    }
  }

  @Test(arguments: ["", "a/b", "a\nb", "\u{7f}", "Gerät"])
  func `has nodes with names that a path can say`(name: String) {
    let root = Node("", children: [Node("soc", children: [Node(name)])])

    #expect(throws: DeviceTreeError(.badName, node: "/soc/" + name)) { try DeviceTree(root: root) }
  }

  @Test(arguments: ["", "a\nb", "\u{7f}", "Größe"])
  func `has properties with names that can be read back`(name: String) {
    let root = Node("", children: [Node("soc", properties: [Property(name, .empty)])])

    #expect(throws: DeviceTreeError(.badName, node: "/soc", property: name)) {
      try DeviceTree(root: root)
    }
  }

  @Test func `has a root without a name`() {
    #expect(throws: DeviceTreeError(.badName, node: "/")) { try DeviceTree(root: Node("board")) }
  }

  @Test func `has no reservation that would end the list`() {
    #expect(throws: DeviceTreeError(.emptyReservation, value: 5)) {
      try DeviceTree(root: Node(""), reservations: [AddressAndSize(address: 5, size: 0)])
    }
  }

  private static func nested(levels: Int) -> Node {
    (1..<levels).reduce(Node("n")) { inner, level in
      Node(level == levels - 1 ? "" : "n", children: [inner])
    }
  }
}
