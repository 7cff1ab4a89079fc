// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import TestSupport
import Testing

@Suite struct `Properties of a node` {
  /// `first` twice, which dtc refuses to write.
  static let doubled = RawBlob(root: [
    .property("first", [1, 1, 1, 1]), .nop, .property("other", [2]),
    .property("first", [3, 3, 3, 3, 3]), .beginNode("child"), .property("first", [4]), .endNode,
  ]).bytes()

  @Test(arguments: ["/", "/chosen", "/cpus/cpu@0", "/soc/bus@fd880000/gpio@8000", "/psci"])
  func `are listed in the order of the tree`(node: String) throws {
    let tree = try Fixtures.tree("board")

    let names = try tree.properties(of: node).map(\.name)

    #expect(names == (try fdtget(tree.blob, ["-p"], node)))
    #expect(!names.isEmpty)
  }

  @Test func `are what dtc compiled`() throws {
    let tree = try DeviceTree(
      root: #"empty; s = "a", "b"; c = <1 0xffffffff>; b = [00 ff]; wide = /bits/ 64 <1>;"#)

    #expect(
      try tree.properties(of: "/") == [
        Property("empty", .empty), Property("s", .strings(["a", "b"])),
        Property("c", .cells([1, 0xffff_ffff])), Property("b", PropertyValue(bytes: [0, 255])),
        Property("wide", .u64(1)),
      ])
  }

  @Test func `are listed twice when they are there twice`() throws {
    let tree = try DeviceTree(blob: Self.doubled)

    let properties = try tree.properties(of: "/")

    #expect(properties.map(\.name) == ["first", "other", "first"])
    #expect(properties.map(\.value.bytes.count) == [4, 1, 5])
  }

  @Test func `are the first of their name when they are there twice`() throws {
    let tree = try DeviceTree(blob: Self.doubled)

    #expect(try tree.property("first", of: "/") == .cells([0x0101_0101]))
    #expect(tree.root["first"] == .cells([0x0101_0101]))
  }

  @Test(arguments: ["nothing", "bootarg", "bootargss", "", "/chosen"])
  func `are nil when they are missing`(name: String) throws {
    let tree = try Fixtures.tree("board")

    #expect(try tree.property(name, of: "/chosen") == nil)
    #expect(try tree.property("bootargs", of: "/chosen") != nil)
  }

  @Test func `are an error when their node is missing`() throws {
    let tree = try Fixtures.tree("board")

    #expect(throws: DeviceTreeError(.notFound, node: "/nothing")) {
      try tree.property("bootargs", of: "/nothing")
    }
  }

  @Test func `may have names and values of any length`() throws {
    let name = String(repeating: "long-", count: 50)
    var tree = DeviceTree()

    try tree.setProperty(name, of: "/", to: .string(name))

    #expect(try fdtget(tree.blob, [], "/", name) == [name])
    #expect(tree.root.properties == [Property(name, .string(name))])
  }

  @Test func `are there without bytes`() throws {
    let tree = try DeviceTree(root: "a; b;")

    #expect(try tree.property("b", of: "/") == .empty)
    #expect(try tree.property("c", of: "/") == nil)
  }
}

@Suite struct `The cells of a node` {
  @Test(arguments: [(1, 1), (1, 2), (2, 1), (2, 2)] as [(UInt32, UInt32)])
  func `are its own`(address: UInt32, size: UInt32) throws {
    let tree = try DeviceTree(
      root: "#address-cells = <\(address)>; #size-cells = <\(size)>; chosen { };")

    let cells = try tree.cellCounts(of: "/")

    #expect((cells.address, cells.size) == (Int(address), Int(size)))
    #expect(cells.tupleSize == Int(address + size) * 4)
  }

  @Test(
    arguments: [
      ("", "#address-cells", nil), ("#size-cells = <1>;", "#address-cells", nil),
      ("#address-cells = <1>;", "#size-cells", nil),
      ("#address-cells = <0>; #size-cells = <1>;", "#address-cells", 0),
      ("#address-cells = <3>; #size-cells = <1>;", "#address-cells", 3),
      ("#address-cells = <2>; #size-cells = <0>;", "#size-cells", 0),
      ("#address-cells = <2>; #size-cells = <3>;", "#size-cells", 3),
      ("#address-cells = <2>; #size-cells = <0xffffffff>;", "#size-cells", 0xffff_ffff),
      ("#address-cells = [02]; #size-cells = <1>;", "#address-cells", nil),
      ("#address-cells = <0 2>; #size-cells = <1>;", "#address-cells", nil),
    ] as [(String, String, UInt64?)])
  func `are refused when missing or useless`(
    source: String, property: String, value: UInt64?
  ) throws {
    let tree = try DeviceTree(root: source)

    #expect(throws: DeviceTreeError(.badCells, node: "/", property: property, value: value)) {
      try tree.cellCounts(of: "/")
    }
  }

  @Test func `are 1 or 2`() {
    #expect(CellCounts(address: 1, size: 2)?.tupleSize == 12)
    #expect(CellCounts(address: 0, size: 1) == nil)
    #expect(CellCounts(address: 1, size: 0) == nil)
    #expect(CellCounts(address: 3, size: 1) == nil)
    #expect(CellCounts(address: 1, size: 3) == nil)
  }
}
