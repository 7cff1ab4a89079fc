// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import TestSupport
import Testing

@Suite struct `Comparing two trees` {
  @Test(arguments: try Fixtures.boards())
  func `finds nothing between a tree and what dtc -s makes of it`(board: String) throws {
    let blob = try contents(of: board)
    let sorted = try run("dtc", ["-q", "-s", "-I", "dtb", "-O", "dtb"], input: blob).output

    let comparison = try DeviceTree(blob: blob).compared(with: DeviceTree(blob: sorted))

    #expect(comparison.isEqual)
    #expect(comparison.differences == [])
    #expect(!comparison.reorderedNodes.isEmpty || blob.count < 1000)
  }

  @Test func `ignores the order of properties and of reservations`() throws {
    let one = try DeviceTree(
      compiling: "/dts-v1/; /memreserve/ 1 2; /memreserve/ 3 4; / { a; b = <1>; n { c; d; }; };")
    let other = try DeviceTree(
      compiling: "/dts-v1/; /memreserve/ 3 4; /memreserve/ 1 2; / { b = <1>; a; n { d; c; }; };")

    let comparison = one.compared(with: other)

    #expect(comparison.isEqual)
    #expect(comparison.reorderedNodes == [])
  }

  @Test func `ignores free space and no-op tags`() throws {
    let blob = try Fixtures.blob("board")
    let tree = try DeviceTree(blob: blob)
    let padded = try Fixtures.compile(Fixtures.text("board"), "-p", "10000")

    for other in [padded, RawBlob(parsing: blob).withNOPs.bytes()] {
      #expect(try tree.compared(with: DeviceTree(blob: other)).isEqual)
    }
  }

  @Test(arguments: [
    ("a { }; b { }; c { };", "c { }; b { }; a { };", ["/"]),
    ("a { }; b { }; c { };", "a { }; new { }; b { }; c { };", []),
    ("a { }; b { }; c { };", "b { }; c { };", []),
    ("a { }; b { }; c { };", "c { }; new { }; a { };", ["/"]),
    ("s { x { }; y { }; };", "s { y { }; x { }; };", ["/s"]),
    ("s { t { x { }; y { }; }; u { }; };", "s { u { }; t { y { }; x { }; }; };", ["/s/t", "/s"]),
  ])
  func `mentions nodes in another order`(one: String, other: String, nodes: [String]) throws {
    let (one, other) = (try DeviceTree(root: one), try DeviceTree(root: other))

    #expect(one.compared(with: other).reorderedNodes == nodes)
    #expect(other.compared(with: one).reorderedNodes == nodes)
    let names = { (tree: DeviceTree) in Set(try tree.descendants(of: "/")) }
    #expect(one.compared(with: other).isEqual == (try names(one) == names(other)))
  }

  @Test func `finds each kind of difference, in the order of the first tree`() throws {
    let one = try DeviceTree(
      blob: Fixtures.compile(
        """
        /dts-v1/; /memreserve/ 1 2; /memreserve/ 3 4; /memreserve/ 3 4;
        / { gone; changed = <1>; same; old@1 { inner { }; }; kept { p = "a"; gone; }; };
        """, "-b", "1"))
    let other = try DeviceTree(
      blob: Fixtures.compile(
        """
        /dts-v1/; /memreserve/ 3 4; /memreserve/ 5 6; /memreserve/ 0 9;
        / { changed = <2>; same; new; kept { p = "b"; inner { }; }; new@2 { }; };
        """, "-b", "2"))

    let comparison = one.compared(with: other)

    #expect(
      comparison.differences == [
        .bootCPU(from: 1, to: 2),
        .reservation(AddressAndSize(address: 1, size: 2), onlyIn: .first),
        .reservation(AddressAndSize(address: 3, size: 4), onlyIn: .first),
        .reservation(AddressAndSize(address: 0, size: 9), onlyIn: .second),
        .reservation(AddressAndSize(address: 5, size: 6), onlyIn: .second),
        .property("gone", node: "/", from: .empty, to: nil),
        .property("changed", node: "/", from: .u32(1), to: .u32(2)),
        .property("new", node: "/", from: nil, to: .empty),
        .node("/old@1", onlyIn: .first),
        .property("p", node: "/kept", from: .string("a"), to: .string("b")),
        .property("gone", node: "/kept", from: .empty, to: nil),
        .node("/kept/inner", onlyIn: .second), .node("/new@2", onlyIn: .second),
      ])
    #expect(!comparison.isEqual)
    #expect(comparison.reorderedNodes == [])
  }

  @Test func `finds the same differences from the other side`() throws {
    let one = try Fixtures.tree("board")
    var other = one
    try other.setProperty("bootargs", of: "/chosen", to: .string("quiet"))
    try other.deleteNode("/leds")
    other.bootCPU = 9

    let old = try #require(try one.property("bootargs", of: "/chosen"))
    #expect(
      one.compared(with: other).differences == [
        .bootCPU(from: 0, to: 9),
        .property("bootargs", node: "/chosen", from: old, to: .string("quiet")),
        .node("/leds", onlyIn: .first),
      ])
    #expect(
      other.compared(with: one).differences == [
        .bootCPU(from: 9, to: 0),
        .property("bootargs", node: "/chosen", from: .string("quiet"), to: old),
        .node("/leds", onlyIn: .second),
      ])
  }

  @Test func `matches what is there twice by its order`() throws {
    let (one, two, three) = (PropertyValue.u32(1), PropertyValue.u32(2), PropertyValue.u32(3))
    let first = Node(
      "", properties: [Property("p", one), Property("p", two)],
      children: [Node("n"), Node("n", properties: [Property("q", one)])])
    let second = Node(
      "", properties: [Property("p", one), Property("p", three), Property("p", two)],
      children: [Node("n", properties: [Property("q", one)])])

    let comparison = try DeviceTree(root: first).compared(with: DeviceTree(root: second))

    #expect(
      comparison.differences == [
        .property("p", node: "/", from: two, to: three),
        .property("p", node: "/", from: nil, to: two),
        .property("q", node: "/n", from: nil, to: one),
        .node("/n", onlyIn: .first),
      ])
  }

  @Test func `tells a missing property from an empty one`() throws {
    let (one, other) = (try DeviceTree(root: "n { p; };"), try DeviceTree(root: "n { };"))

    for phandles in [PhandleReading.byValue, .byTarget] {
      let differences = one.compared(with: other, phandles: phandles).differences
      #expect(differences == [.property("p", node: "/n", from: .empty, to: nil)])
    }
  }

  @Test(arguments: [0, 1, 2, 3])
  func `finds one changed byte anywhere`(seed: UInt64) throws {
    let tree = try Fixtures.tree("board")
    var random = SplitMix64(seed: seed)

    for node in try tree.descendants(of: "/") {
      for property in try tree.properties(of: node) where !property.value.bytes.isEmpty {
        var (other, value) = (tree, property.value)
        let place = value.bytes.indices.randomElement(using: &random) ?? 0
        value.bytes[place] ^= UInt8.random(in: 1...255, using: &random)
        try other.setProperty(property.name, of: node, to: value)

        #expect(
          tree.compared(with: other).differences == [
            .property(property.name, node: node, from: property.value, to: value)
          ])
      }
    }
  }
}
